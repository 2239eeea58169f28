using PersonaTune.Device.Adapters;
using PersonaTune.Privacy.Sealing;
using PersonaTune.Privacy.Signing;

namespace PersonaTune.Device.Photos;

/// <summary>
/// Moves a person's learned labels between devices as signed bundles (<c>.ptad</c>), encrypted to the recipient where one is named. What travels: the labels' names, the
/// head (the labels' mean directions and weights, the common centre, the calibration), the LoRA pairs, and how pictures are prepared. No picture, no embedding of a single picture
/// and no record's identity travels; but the mean direction of a label with one picture is that of this picture's views. Thread-safe.
/// </summary>
/// <remarks>
/// An import is checked in this order, and the first failure ends it with everything as it was: encryption, signature and signer, manifest, audience, revocation,
/// validity, version, form and encoder, framing, the person's present labels, every tensor's digest, the model's form. A suggestion after the import is, bit by bit, the
/// exporter's on the same encoder and instruction set. The head's statistics are those of its weights alone, so that a training cannot go on from them: it is refused while the
/// imported model knows a label that has no picture here (<see cref="PhotoLabeler.TrainAsync"/>).
/// </remarks>
/// <param name="labeler">Whose labels travel; it must outlive this.</param>
/// <param name="time">Clock; null takes the system's.</param>
public sealed class PhotoTransfer(PhotoLabeler labeler, TimeProvider? time = null)
{
    private readonly PhotoLabeler _labeler = labeler ?? throw new ArgumentNullException(nameof(labeler));
    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>Writes the model in use as a bundle. Where it throws, discard what was written. An imported model's bundle ends no later than the one it came in.</summary>
    /// <exception cref="PhotoLabelException">Nothing is trained, or what was imported has expired.</exception>
    /// <exception cref="SigningException">A name or text breaks the format's rules.</exception>
    /// <exception cref="InvalidPublicKeyException">The recipient's key is none.</exception>
    public async Task ExportAsync(string user, Stream destination, AdapterExportOptions options, ManifestSigner signer, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(destination);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(signer);
        var (bundle, origin) = await _labeler.BundleAsync(user, cancellationToken);
        // Whole seconds, as the format has them.
        var start = DateTimeOffset.FromUnixTimeSeconds(_time.GetUtcNow().ToUnixTimeSeconds());
        var end = start + options.Validity;
        if (origin?.NotAfter is { } limit && limit < end) end = limit;
        if (end <= start) throw new PhotoLabelException($"the labels of '{user}' were imported and were valid until {end:u}; import a newer bundle, or teach them here");
        PhotoBundle.Write(bundle, _labeler.EncoderDigest, destination, options, signer, start, end);
    }

    /// <summary>
    /// Verifies a bundle and makes its model the person's. Labels are matched by name: one that the person has keeps its identity and its pictures, others are made. No label and
    /// no picture is ever deleted; a label that the bundle does not know stays, unlearned.
    /// </summary>
    /// <param name="user">The person.</param>
    /// <param name="source">The bundle; nothing may follow it.</param>
    /// <param name="verifier">Whom to believe.</param>
    /// <param name="recipient">This device's key pair where the bundle is encrypted; null where it is in the clear.</param>
    /// <param name="replace">Whether a person who has taught labels or a model takes the bundle's model instead. Without it, they are refused.</param>
    /// <param name="limits">Sizes above which it is refused; null: 1 MiB of manifest, 256 MiB of payload.</param>
    /// <param name="cancellationToken">Cancels before the model is stored.</param>
    /// <exception cref="SigningException">The bundle is refused: tampered with, of an untrusted or revoked signer, for another audience, expired, older than one accepted before.</exception>
    /// <exception cref="SealException">It is encrypted to another device, or its encryption was altered.</exception>
    /// <exception cref="PhotoImportException">It is for another encoder, holds no labels, or the person has labels.</exception>
    public async Task<PhotoImportReport> ImportAsync(string user, Stream source, BundleVerifier verifier, HpkeKeyPair? recipient = null, bool replace = false, BundleLimits? limits = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(user);
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(verifier);
        limits ??= new BundleLimits { MaxPayloadBytes = 256L << 20 };
        using var reader = BundleReader.Open(source, verifier, recipient, limits, leaveOpen: true);
        var manifest = reader.Manifest;
        _labeler.Demand(manifest);
        var origin = new AdapterProvenance(manifest.AdapterId, manifest.Version, Sha256Digest.Of(manifest.Encode(limits)).ToString(), reader.Signer.KeyId.ToString(), reader.Signer.CertificateSubject,
            reader.Signer.IsPinned, manifest.NotAfter, manifest.PrivacyStatement, _time.GetUtcNow());
        return await _labeler.AdoptAsync(user, origin, replace, () => _labeler.Read(manifest, reader.ReadPayload()), cancellationToken);
    }

    /// <summary>Erases an imported model that has expired or whose signer, name or version the trust store revokes meanwhile. Labels and pictures stay. Returns whether one was erased.</summary>
    public Task<bool> EnforceAsync(string user, TrustStore? trust = null, CancellationToken cancellationToken = default)
    {
        var now = _time.GetUtcNow();
        return _labeler.EraseImportedAsync(user, origin => origin.IsOver(now, trust), cancellationToken);
    }
}

using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Privacy.Signing;

/// <summary>
/// Reads a signed bundle. Opening it checks the header, then the signature over the manifest's bytes, and only then parses the
/// manifest and applies the policy; nothing of the payload was read by then. Reading the payload checks every tensor and that
/// nothing follows; when it returns, the bundle is accepted and older versions are refused from then on. Not thread-safe.
/// </summary>
/// <example>
/// <code>
/// using var bundle = BundleReader.Open(File.OpenRead(path), verifier);
/// byte[] tensors = bundle.ReadPayload();
/// </code>
/// </example>
public sealed class BundleReader : IDisposable
{
    private readonly Stream _input;
    private readonly Stream _content;
    private readonly bool _leaveOpen;
    private readonly BundleVerifier _verifier;
    private readonly Sha256Digest _digest;
    private bool _payloadTaken;

    private BundleReader(Stream input, Stream content, bool leaveOpen, BundleVerifier verifier, BundleLimits limits)
    {
        (_input, _content, _leaveOpen, _verifier) = (input, content, leaveOpen, verifier);
        var header = Read(BundleFormat.HeaderLength, "header");
        var (manifestLength, signatureLength, payloadLength) = BundleFormat.ReadHeader(header, limits);
        if (content.CanSeek)
        {
            // All three are below their limits, so the sum cannot wrap.
            var rest = content.Length - content.Position - manifestLength - signatureLength - payloadLength;
            if (rest < 0) throw Truncated($"{-rest} bytes are missing");
            if (rest > 0) throw Trailing();
        }
        var encoded = Read(manifestLength, "manifest");
        Signer = verifier.VerifySignature(encoded, Read(signatureLength, "signature"));
        Manifest = BundleManifest.Parse(encoded, limits);
        _digest = Sha256Digest.Of(encoded);
        verifier.VerifyPolicy(Manifest, _digest);
        if (Manifest.PayloadLength != payloadLength)
            throw new SigningException(SigningFault.Malformed, BundleFormat.Subject,
                $"its header states a payload of {payloadLength} bytes, but its manifest one of {Manifest.PayloadLength}; it was altered");
    }

    /// <summary>The verified manifest.</summary>
    public BundleManifest Manifest { get; }

    /// <summary>Who signed it.</summary>
    public BundleSigner Signer { get; }

    /// <summary>Verifies everything up to the payload.</summary>
    /// <param name="input">The bundle, at its start; nothing may follow it.</param>
    /// <param name="verifier">Whom to believe.</param>
    /// <param name="recipient">The key pair that the bundle is encrypted to; null if it is in the clear.</param>
    /// <param name="limits">Sizes above which it is refused.</param>
    /// <param name="leaveOpen">Whether <paramref name="input"/> stays open when the reader is disposed or this throws.</param>
    /// <exception cref="SigningException">The bundle is refused.</exception>
    /// <exception cref="SealException">It is encrypted to another key, or its encryption was altered.</exception>
    public static BundleReader Open(
        Stream input, BundleVerifier verifier, HpkeKeyPair? recipient = null, BundleLimits? limits = null, bool leaveOpen = false)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(verifier);
        limits ??= BundleLimits.Default;
        var content = input;
        try
        {
            if (recipient is not null) content = new HpkeOpeningStream(input, recipient, BundleFormat.Purpose, leaveOpen: true);
            return new BundleReader(input, content, leaveOpen, verifier, limits);
        }
        catch
        {
            if (content != input) content.Dispose();
            if (!leaveOpen) input.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Copies the payload to <paramref name="destination"/> and accepts the bundle. What arrives there is not verified until this
    /// returns: discard it if this throws.
    /// </summary>
    /// <exception cref="SigningException">
    /// A tensor was altered, or the bundle is truncated, extended, or older than one accepted meanwhile.
    /// </exception>
    /// <exception cref="SealException">Its encryption was altered.</exception>
    public void CopyPayloadTo(Stream destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        if (_payloadTaken) throw new InvalidOperationException("the payload was read already; open the bundle again");
        _payloadTaken = true;
        PayloadCopier.Copy(Manifest, _content, destination);
        if (_content.ReadByte() >= 0) throw Trailing();
        _verifier.Accept(Manifest, _digest);
    }

    /// <summary>The verified payload in memory. The bundle is accepted when this returns.</summary>
    /// <exception cref="SigningException">As <see cref="CopyPayloadTo"/>.</exception>
    public byte[] ReadPayload()
    {
        using var payload = new MemoryStream(); // grows with what arrives, not with what is stated
        CopyPayloadTo(payload);
        return payload.ToArray();
    }

    /// <summary>Writes the verified payload to a file that appears whole or not at all, and accepts the bundle.</summary>
    /// <exception cref="SigningException">As <see cref="CopyPayloadTo"/>.</exception>
    public void ExtractPayload(string path) => AtomicOutput.Write(path, CopyPayloadTo);

    /// <summary>Closes the input unless it is to stay open.</summary>
    public void Dispose()
    {
        if (_content != _input) _content.Dispose();
        if (!_leaveOpen) _input.Dispose();
    }

    private byte[] Read(int length, string part)
    {
        var bytes = new byte[length];
        var read = _content.ReadAtLeast(bytes, length, throwOnEndOfStream: false);
        return read == length ? bytes : throw Truncated($"it ends inside its {part}");
    }

    private static SigningException Truncated(string problem) =>
        new(SigningFault.Truncated, BundleFormat.Subject, problem + "; fetch it again");

    private static SigningException Trailing() => new(SigningFault.TrailingData, BundleFormat.Subject,
        "bytes follow its end; it was altered: fetch it again");
}

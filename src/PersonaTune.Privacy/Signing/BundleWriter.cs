using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Privacy.Signing;

/// <summary>Writes signed bundles (<c>.ptad</c>), in the clear or encrypted to a recipient. Thread-safe.</summary>
public static class BundleWriter
{
    /// <summary>Writes a bundle. Where it throws, what was written must be discarded; <see cref="WriteFile"/> does so.</summary>
    /// <param name="output">Where the bundle goes.</param>
    /// <param name="manifest">What it says.</param>
    /// <param name="payload">The tensors' bytes; each is checked against its digest in the manifest.</param>
    /// <param name="signer">Who signs it.</param>
    /// <param name="limits">The limits that its readers have.</param>
    /// <exception cref="SigningException">A member of the manifest breaks its rule, or the payload is not the manifest's.</exception>
    public static void Write(Stream output, BundleManifest manifest, Stream payload, ManifestSigner signer, BundleLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(manifest);
        ArgumentNullException.ThrowIfNull(payload);
        ArgumentNullException.ThrowIfNull(signer);
        limits ??= BundleLimits.Default;
        var encoded = manifest.Encode(limits);
        var signature = signer.Sign(encoded);
        if (signature.Length > limits.MaxSignatureBytes)
            throw new SigningException(SigningFault.TooLarge, CmsProfile.Subject,
                $"it has {signature.Length} bytes, expected at most {limits.MaxSignatureBytes}");
        output.Write(BundleFormat.WriteHeader(encoded.Length, signature.Length, manifest.PayloadLength));
        output.Write(encoded);
        output.Write(signature);
        PayloadCopier.Copy(manifest, payload, output);
        if (payload.ReadByte() >= 0)
            throw new SigningException(SigningFault.TrailingData, BundleFormat.Subject,
                "the payload is longer than its tensors; describe all of it");
    }

    /// <summary>
    /// Writes a bundle encrypted to <paramref name="recipientPublicKey"/>: a bundle inside a <see cref="HpkeSealingStream"/>.
    /// </summary>
    /// <remarks>
    /// The signature lies inside and does not name the recipient: a recipient can pass the bundle on, in the clear or encrypted
    /// to someone else. The manifest's audience says whom the signer meant.
    /// </remarks>
    /// <exception cref="InvalidPublicKeyException">The key is not a point of P-256.</exception>
    public static void WriteEncrypted(
        Stream output, ReadOnlySpan<byte> recipientPublicKey, BundleManifest manifest, Stream payload, ManifestSigner signer,
        BundleLimits? limits = null)
    {
        using var sealing = new HpkeSealingStream(output, recipientPublicKey, BundleFormat.Purpose, leaveOpen: true);
        Write(sealing, manifest, payload, signer, limits);
        sealing.Complete();
    }

    /// <summary>Writes a bundle to a file that appears whole or not at all, encrypted if a recipient is given.</summary>
    public static void WriteFile(
        string path, BundleManifest manifest, Stream payload, ManifestSigner signer, ReadOnlyMemory<byte> recipientPublicKey = default,
        BundleLimits? limits = null) =>
        AtomicOutput.Write(path, output =>
        {
            if (recipientPublicKey.IsEmpty) Write(output, manifest, payload, signer, limits);
            else WriteEncrypted(output, recipientPublicKey.Span, manifest, payload, signer, limits);
        });
}

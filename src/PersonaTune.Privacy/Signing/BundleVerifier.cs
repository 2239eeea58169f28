using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;

namespace PersonaTune.Privacy.Signing;

/// <summary>
/// Decides whether a signed manifest is believed: the signature, its signer, the manifest's audience and validity, revocation,
/// and that no newer version was accepted before. Thread-safe.
/// </summary>
/// <remarks>
/// Guarantee: an accepted manifest was signed by a key that the trust store names, directly or through a root, and is the
/// newest of its adapter that this device accepted. It breaks if such a key leaks before it is revoked here, if the clock is
/// set back, or if the trust state is restored from an older copy.
/// </remarks>
/// <param name="store">Whom to believe.</param>
/// <param name="state">What was accepted before.</param>
/// <param name="time">The clock; the system's by default.</param>
public sealed class BundleVerifier(TrustStore store, ITrustState state, TimeProvider? time = null)
{
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly Lock _lock = new();

    /// <summary>Verifies the detached signature over a manifest's bytes, which are not parsed, and names its signer.</summary>
    /// <exception cref="SigningException">The signature or its signer is refused.</exception>
    public BundleSigner VerifySignature(ReadOnlySpan<byte> manifest, ReadOnlySpan<byte> signature)
    {
        var encoded = signature.ToArray();
        var profile = CmsProfile.Parse(encoded);
        using var certificate = CertificateRules.Load(profile.SignerCertificate, CmsProfile.Subject);
        if (!certificate.IssuerName.RawData.AsSpan().SequenceEqual(profile.Issuer)
            || !certificate.SerialNumberBytes.Span.SequenceEqual(profile.Serial))
            throw new SigningException(SigningFault.Malformed, CmsProfile.Subject,
                "it names another certificate than its signer's; it was altered");
        if (CertificateRules.IsEcdsa(certificate, CmsProfile.Subject) != profile.SignatureAlgorithm.IsEcdsa)
            throw new SigningException(SigningFault.RefusedAlgorithm, CmsProfile.Subject,
                "its algorithm is not that of its signer's key; it was altered");
        CheckMathematics(manifest, encoded, profile.SignerCertificate);
        try
        {
            return CheckSigner(certificate, profile);
        }
        catch (CryptographicException e)
        {
            throw new SigningException(SigningFault.CertificateNotValid, CmsProfile.Subject,
                $"an extension of the certificate of '{certificate.Subject}', or of one above it, cannot be read; issue it again", e);
        }
    }

    /// <summary>Verifies what a manifest says, after its signature; <paramref name="digest"/> is that of its bytes.</summary>
    /// <exception cref="SigningException">It is for another audience or time, revoked, or older than an accepted one.</exception>
    public void VerifyPolicy(BundleManifest manifest, Sha256Digest digest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        var now = _time.GetUtcNow();
        if (!string.Equals(manifest.Audience, store.Audience, StringComparison.Ordinal))
            throw Refuse(SigningFault.WrongAudience, manifest,
                $"it is for '{manifest.Audience}', expected '{store.Audience}'; fetch the one for this application");
        if (store.RevokedAdapters.Contains(manifest.AdapterId, StringComparer.Ordinal))
            throw Refuse(SigningFault.RevokedAdapter, manifest, "it is revoked; remove it");
        if (now < manifest.NotBefore)
            throw Refuse(SigningFault.NotYetValid, manifest,
                $"it is valid from {JsonFields.Form(manifest.NotBefore)}, and now it is {JsonFields.Form(now)}");
        if (now > manifest.NotAfter)
            throw Refuse(SigningFault.Expired, manifest, $"it was valid until {JsonFields.Form(manifest.NotAfter)}; fetch a newer one");
        if (store.MinimumVersions.TryGetValue(manifest.AdapterId, out var least) && manifest.Version < least)
            throw Refuse(SigningFault.Rollback, manifest, $"the least version is {least}; fetch a newer one");
        CheckFloor(manifest, digest);
    }

    /// <summary>Records that a manifest was accepted with its whole payload: older versions are refused from now on.</summary>
    /// <exception cref="SigningException">A newer or another one was accepted meanwhile.</exception>
    public void Accept(BundleManifest manifest, Sha256Digest digest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        lock (_lock)
        {
            CheckFloor(manifest, digest);
            if (state.Find(manifest.AdapterId) is { } accepted && accepted.Version == manifest.Version) return;
            state.Record(manifest.AdapterId, new AcceptedVersion(manifest.Version, digest));
        }
    }

    private static void CheckMathematics(ReadOnlySpan<byte> manifest, byte[] signature, byte[] signerCertificate)
    {
        try
        {
            var cms = new SignedCms(new ContentInfo(manifest.ToArray()), detached: true);
            cms.Decode(signature);
            cms.CheckSignature(verifySignatureOnly: true);
            // Two certificates with one issuer and serial number would let the platform verify with the other one's key.
            if (cms.SignerInfos[0].Certificate is not { } used || !used.RawDataMemory.Span.SequenceEqual(signerCertificate))
                throw new SigningException(SigningFault.BadSignature, CmsProfile.Subject, "it was made with another key than its signer's");
        }
        catch (CryptographicException e)
        {
            throw new SigningException(SigningFault.BadSignature, CmsProfile.Subject,
                "it does not belong to the manifest; one of them was altered", e);
        }
    }

    private BundleSigner CheckSigner(X509Certificate2 certificate, CmsProfile profile)
    {
        var keyId = CertificateRules.KeyId(certificate);
        if (store.RevokedKeys.Contains(keyId))
            throw new SigningException(SigningFault.RevokedKey, CmsProfile.Subject,
                $"the key of '{certificate.Subject}' is revoked; do not use the bundle");
        var isPinned = store.PinnedKeys.Contains(keyId);
        var now = _time.GetUtcNow();
        if (!isPinned && store.Roots.Count == 0)
            throw new SigningException(SigningFault.UntrustedSigner, CmsProfile.Subject,
                $"the key {keyId} of '{certificate.Subject}' is not pinned, and there is no pinned root; pin it if you trust it");
        if (isPinned && profile.OtherCertificates.Count > 0)
            throw new SigningException(SigningFault.Malformed, CmsProfile.Subject,
                "it holds other certificates beside that of a pinned key; sign it without them");
        CertificateRules.CheckTime(certificate, now, CmsProfile.Subject);
        if (!isPinned) CertificateChain.Check(certificate, profile.OtherCertificates, store, now, CmsProfile.Subject);
        CertificateRules.CheckUse(certificate, strict: !isPinned, CmsProfile.Subject);
        return new BundleSigner(keyId, certificate.Subject, isPinned);
    }

    private void CheckFloor(BundleManifest manifest, Sha256Digest digest)
    {
        if (state.Find(manifest.AdapterId) is not { } accepted) return;
        if (manifest.Version < accepted.Version)
            throw Refuse(SigningFault.Rollback, manifest,
                $"version {accepted.Version} was accepted before; an older one would undo what it repaired");
        if (manifest.Version == accepted.Version && digest != accepted.Manifest)
            throw Refuse(SigningFault.Conflict, manifest,
                "another bundle with this version was accepted before; publish it with a higher version");
    }

    private static SigningException Refuse(SigningFault fault, BundleManifest manifest, string problem) =>
        new(fault, $"adapter '{manifest.AdapterId}' version {manifest.Version}", problem);
}

namespace PersonaTune.Privacy.Signing;

/// <summary>Who signed a bundle.</summary>
/// <param name="KeyId">The digest of the key's SubjectPublicKeyInfo: what is pinned and revoked.</param>
/// <param name="CertificateSubject">The certificate's subject. With a pinned key it is the key holder's own word.</param>
/// <param name="IsPinned">Whether the key itself is pinned, rather than certified by a pinned root.</param>
public sealed record BundleSigner(Sha256Digest KeyId, string CertificateSubject, bool IsPinned);

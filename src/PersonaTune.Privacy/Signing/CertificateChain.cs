using System.Security.Cryptography.X509Certificates;

namespace PersonaTune.Privacy.Signing;

/// <summary>The way from a signer's certificate to a pinned root. Nothing is fetched; revocation is the trust store's own list.</summary>
internal static class CertificateChain
{
    /// <summary>
    /// Throws unless <paramref name="signer"/> chains to a root of <paramref name="store"/> through all of
    /// <paramref name="others"/>.
    /// </summary>
    public static void Check(X509Certificate2 signer, IReadOnlyList<byte[]> others, TrustStore store, DateTimeOffset now, string subject)
    {
        using var chain = new X509Chain();
        var policy = chain.ChainPolicy;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.RevocationMode = X509RevocationMode.NoCheck;
        policy.DisableCertificateDownloads = true;
        policy.VerificationTime = now.UtcDateTime;
        policy.VerificationTimeIgnored = false;
        foreach (var root in store.Roots) policy.CustomTrustStore.Add(CertificateRules.Load(root.ToArray(), "trust store"));
        foreach (var other in others) policy.ExtraStore.Add(CertificateRules.Load(other, subject));
        try
        {
            if (!chain.Build(signer))
                throw Untrusted($"it leads to no pinned root ({string.Join(", ", chain.ChainStatus.Select(s => s.Status))})");
            CheckElements(chain, others, store, subject, Untrusted);
        }
        finally
        {
            foreach (var element in chain.ChainElements) element.Certificate.Dispose();
            foreach (var certificate in policy.CustomTrustStore.Concat(policy.ExtraStore)) certificate.Dispose();
        }

        SigningException Untrusted(string problem) => new(SigningFault.UntrustedSigner, subject,
            $"the certificate of '{signer.Subject}': {problem}; pin its key or its root if you trust it");
    }

    private static void CheckElements(
        X509Chain chain, IReadOnlyList<byte[]> others, TrustStore store, string subject, Func<string, SigningException> untrusted)
    {
        var elements = chain.ChainElements.Select(e => e.Certificate).ToList();
        foreach (var certificate in elements)
        {
            if (store.RevokedKeys.Contains(CertificateRules.KeyId(certificate)))
                throw new SigningException(SigningFault.RevokedKey, subject,
                    $"the key of '{certificate.Subject}' is revoked; do not use the bundle");
            CertificateRules.IsEcdsa(certificate, subject);
        }
        if (elements.SkipLast(1).Any(certificate => !CertificateRules.IsSignedStrongly(certificate)))
            throw new SigningException(SigningFault.RefusedAlgorithm, subject,
                "a certificate on its way to the root is signed with a refused algorithm");
        if (others.Any(other => !elements.Any(e => e.RawDataMemory.Span.SequenceEqual(other))))
            throw untrusted("the signature holds certificates that are not on its way to the root");
    }
}

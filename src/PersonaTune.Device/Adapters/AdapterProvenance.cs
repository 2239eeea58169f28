using PersonaTune.Privacy.Signing;

namespace PersonaTune.Device.Adapters;

/// <summary>Where an adapter came from that was not trained here.</summary>
/// <param name="Name">The name under which its maker publishes it; versions of one name replace each other.</param>
/// <param name="Version">The maker's number, rising.</param>
/// <param name="BundleDigest">SHA-256 of the signed manifest, or of the adapter's own file where nothing was signed; lower-case hex.</param>
/// <param name="SignerKeyId">SHA-256 of the signer's public key, lower-case hex; null where nothing was signed.</param>
/// <param name="SignerName">Subject of the signer's certificate; null where nothing was signed.</param>
/// <param name="Pinned">Whether that very key was pinned, rather than certified by a pinned root.</param>
/// <param name="NotAfter">After this it is not used any more; null for never.</param>
/// <param name="PrivacyStatement">What its maker says about the data it learned from.</param>
/// <param name="Imported">When it was imported.</param>
public sealed record AdapterProvenance(string Name, long Version, string BundleDigest, string? SignerKeyId, string? SignerName, bool Pinned, DateTimeOffset? NotAfter,
    string PrivacyStatement, DateTimeOffset Imported)
{
    /// <summary>Whether it may not be used any more: its time is over, or <paramref name="trust"/> revokes its signer or its name, or demands a newer version. Trust says nothing of what nobody signed.</summary>
    internal bool IsOver(DateTimeOffset now, TrustStore? trust)
    {
        if (NotAfter < now) return true;
        if (trust is null || SignerKeyId is null) return false;
        return trust.RevokedKeys.Any(key => string.Equals(key.ToString(), SignerKeyId, StringComparison.OrdinalIgnoreCase))
            || trust.RevokedAdapters.Contains(Name, StringComparer.Ordinal)
            || (trust.MinimumVersions.TryGetValue(Name, out var least) && Version < least);
    }
}

using System.Security.Cryptography;

namespace PersonaTune.Privacy.Sealing;

/// <summary>DHKEM(P-256, HKDF-SHA256), RFC 9180 section 4.1, with and without a sender's key.</summary>
internal static class HpkeKem
{
    public const int SecretLength = 32;

    private static ReadOnlySpan<byte> Suite => [(byte)'K', (byte)'E', (byte)'M', 0x00, 0x10];

    /// <summary>The secret shared with the owner of <paramref name="recipient"/>; the ephemeral public key is what the recipient needs.</summary>
    public static void Encapsulate(HpkeKeyPair ephemeral, ReadOnlySpan<byte> recipient, HpkeKeyPair? sender, string subject, Span<byte> secret)
    {
        Span<byte> agreed = stackalloc byte[2 * SecretLength];
        ephemeral.Agree(recipient, agreed[..SecretLength], subject);
        sender?.Agree(recipient, agreed[SecretLength..], subject);
        Finish(agreed, ephemeral.PublicKey.Span, recipient, sender is null ? default : sender.PublicKey.Span, secret);
    }

    /// <summary>The same secret, by the recipient. An empty <paramref name="sender"/> means base mode.</summary>
    public static void Decapsulate(
        HpkeKeyPair recipient, ReadOnlySpan<byte> encapsulated, ReadOnlySpan<byte> sender, string subject, Span<byte> secret)
    {
        Span<byte> agreed = stackalloc byte[2 * SecretLength];
        recipient.Agree(encapsulated, agreed[..SecretLength], subject);
        if (!sender.IsEmpty) recipient.Agree(sender, agreed[SecretLength..], subject);
        Finish(agreed, encapsulated, recipient.PublicKey.Span, sender, secret);
    }

    /// <summary>DeriveKeyPair (RFC 9180, 7.1.3): the first candidate scalar in [1, n - 1].</summary>
    public static void DeriveScalar(ReadOnlySpan<byte> seed, Span<byte> scalar)
    {
        Span<byte> prk = stackalloc byte[HpkeKdf.HashLength];
        HpkeKdf.Extract(Suite, default, "dkp_prk"u8, seed, prk);
        for (var counter = 0; counter < 256; counter++)
        {
            HpkeKdf.Expand(Suite, prk, "candidate"u8, [(byte)counter], scalar);
            if (!IsScalar(scalar)) continue;
            CryptographicOperations.ZeroMemory(prk);
            return;
        }
        throw new SealException("HPKE key pair", "no candidate of this seed is a private key, which happens once in 2^8192 seeds; use another seed");
    }

    /// <summary>Whether <paramref name="scalar"/> lies in [1, n - 1].</summary>
    public static bool IsScalar(ReadOnlySpan<byte> scalar) =>
        scalar.ContainsAnyExcept((byte)0) && scalar.SequenceCompareTo(P256PublicKey.Order) < 0;

    private static void Finish(
        Span<byte> agreed, ReadOnlySpan<byte> encapsulated, ReadOnlySpan<byte> recipient, ReadOnlySpan<byte> sender, Span<byte> secret)
    {
        Span<byte> prk = stackalloc byte[HpkeKdf.HashLength];
        HpkeKdf.Extract(Suite, default, "eae_prk"u8, sender.IsEmpty ? agreed[..SecretLength] : agreed, prk);
        HpkeKdf.Expand(Suite, prk, "shared_secret"u8, [.. encapsulated, .. recipient, .. sender], secret);
        CryptographicOperations.ZeroMemory(prk);
        CryptographicOperations.ZeroMemory(agreed);
    }
}

using System.Security.Cryptography;

namespace PersonaTune.Privacy.Sealing;

/// <summary>The secrets of a context: key, base nonce, exporter secret (RFC 9180, 5.1), without a pre-shared key.</summary>
internal sealed class HpkeKeySchedule : IDisposable
{
    public const int NonceLength = 12;
    private const byte BaseMode = 0;
    private const byte AuthMode = 2;

    private readonly SecretKey _material;
    private readonly int _keyLength;

    public HpkeKeySchedule(HpkeAead aead, bool authenticated, ReadOnlySpan<byte> sharedSecret, ReadOnlySpan<byte> info)
    {
        Suite = [(byte)'H', (byte)'P', (byte)'K', (byte)'E', 0x00, 0x10, 0x00, 0x01, 0x00, (byte)aead];
        _keyLength = aead == HpkeAead.Aes128Gcm ? 16 : 32;
        Span<byte> context = stackalloc byte[1 + (2 * HpkeKdf.HashLength)];
        context[0] = authenticated ? AuthMode : BaseMode;
        HpkeKdf.Extract(Suite, default, "psk_id_hash"u8, default, context.Slice(1, HpkeKdf.HashLength));
        HpkeKdf.Extract(Suite, default, "info_hash"u8, info, context[(1 + HpkeKdf.HashLength)..]);
        Span<byte> prk = stackalloc byte[HpkeKdf.HashLength];
        HpkeKdf.Extract(Suite, sharedSecret, "secret"u8, default, prk);
        using var secret = SecretKey.Copy(prk);
        CryptographicOperations.ZeroMemory(prk);
        var contextBytes = context.ToArray();
        _material = SecretKey.Create(_keyLength + NonceLength + HpkeKdf.HashLength, secret, (span, key) =>
        {
            HpkeKdf.Expand(Suite, key.Bytes, "key"u8, contextBytes, span[.._keyLength]);
            HpkeKdf.Expand(Suite, key.Bytes, "base_nonce"u8, contextBytes, span.Slice(_keyLength, NonceLength));
            HpkeKdf.Expand(Suite, key.Bytes, "exp"u8, contextBytes, span[(_keyLength + NonceLength)..]);
        });
    }

    public byte[] Suite { get; }

    public ReadOnlySpan<byte> Key => _material.Bytes[.._keyLength];

    public ReadOnlySpan<byte> BaseNonce => _material.Bytes.Slice(_keyLength, NonceLength);

    public ReadOnlySpan<byte> ExporterSecret => _material.Bytes[(_keyLength + NonceLength)..];

    public void Dispose() => _material.Dispose();
}

using System.Security.Cryptography;
using PersonaTune.Device.Keys;

namespace PersonaTune.Device.Adapters;

/// <summary>Signs with the keyring's device key. A key's id is the first 16 hex digits of the SHA-256 of its DER public key.</summary>
internal sealed class DeviceKeySigner(DeviceIdentity identity) : IManifestSigner
{
    public string KeyId { get; } = Convert.ToHexStringLower(SHA256.HashData(identity.PublicKey.Span).AsSpan(0, 8));

    public byte[] Sign(ReadOnlySpan<byte> data) => identity.Sign(data);

    public bool Verify(string keyId, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature) =>
        string.Equals(keyId, KeyId, StringComparison.Ordinal) && DeviceIdentity.Verify(identity.PublicKey.Span, data, signature);
}

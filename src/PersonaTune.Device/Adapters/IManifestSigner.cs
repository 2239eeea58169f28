namespace PersonaTune.Device.Adapters;

/// <summary>Signs and verifies with the device key (ECDSA over P-256 with SHA-256).</summary>
internal interface IManifestSigner
{
    /// <summary>Id of the key that signs now.</summary>
    string KeyId { get; }

    byte[] Sign(ReadOnlySpan<byte> data);

    /// <summary>Whether the signature is the named key's; false for a key that this device never had.</summary>
    bool Verify(string keyId, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature);
}

using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace PersonaTune.Device.Adapters;

/// <summary>
/// A manifest as it is stored: "PTAM", version (1 byte), length (2 bytes, little-endian) and text of the key id, length (2) and bytes of
/// the signature, then the manifest's JSON. The signature covers a context string, the key id and the JSON.
/// </summary>
internal static class SignedManifest
{
    private const int Version = 1;
    private static readonly byte[] Magic = "PTAM"u8.ToArray();
    private static readonly byte[] Context = "PersonaTune adapter manifest v1\0"u8.ToArray();

    public static byte[] Write(AdapterManifest manifest, IManifestSigner signer)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(manifest, AdapterJson.Default.AdapterManifest);
        var key = Encoding.UTF8.GetBytes(signer.KeyId);
        var signature = signer.Sign(SignedBytes(key, json));
        return [.. Magic, Version, .. Length(key), .. key, .. Length(signature), .. signature, .. json];
    }

    public static AdapterManifest Read(string id, ReadOnlySpan<byte> content, IManifestSigner signer, out string keyId)
    {
        var rest = content;
        if (!Take(ref rest, Magic.Length, out var magic) || !magic.SequenceEqual(Magic)) throw Bad("a signed manifest", "other content");
        if (!Take(ref rest, 1, out var version) || version[0] != Version) throw Bad($"manifest layout {Version}", "another layout");
        if (!TakeSized(ref rest, out var key) || !TakeSized(ref rest, out var signature)) throw Bad("a complete signed manifest", "a truncated one");
        keyId = Encoding.UTF8.GetString(key);
        if (!signer.Verify(keyId, SignedBytes(key, rest), signature)) throw Bad("the device key's signature", "a signature that does not verify");
        var manifest = AdapterJson.Read(rest, AdapterJson.Default.AdapterManifest, id);
        if (!string.Equals(manifest.Id, id, StringComparison.Ordinal)) throw Bad($"the manifest of '{id}'", "that of another adapter");
        return manifest;

        AdapterIntegrityException Bad(string expected, string actual) => new(id, expected, actual);
    }

    private static byte[] SignedBytes(ReadOnlySpan<byte> key, ReadOnlySpan<byte> json) => [.. Context, .. Length(key), .. key, .. json];

    private static byte[] Length(ReadOnlySpan<byte> value)
    {
        var bytes = new byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, checked((ushort)value.Length));
        return bytes;
    }

    private static bool TakeSized(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> value)
    {
        value = default;
        return Take(ref rest, sizeof(ushort), out var length) && Take(ref rest, BinaryPrimitives.ReadUInt16LittleEndian(length), out value);
    }

    private static bool Take(ref ReadOnlySpan<byte> rest, int count, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (rest.Length < count) return false;
        value = rest[..count];
        rest = rest[count..];
        return true;
    }
}

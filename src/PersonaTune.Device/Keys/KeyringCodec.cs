using System.Security.Cryptography;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Device.Keys;

/// <summary>
/// The content of a keyring slot: store 16, master epoch 4, the protectors' slots in the clear (they are needed to find the
/// master key), and the body as salt 24, ciphertext, tag 16, sealed by AES-256-GCM under
/// <c>key(32) || nonce(12) = HKDF(master key, salt)</c> with everything before it, head included, as associated data.
/// </summary>
internal static class KeyringCodec
{
    private const int SaltBytes = 24;
    private const int TagBytes = 16;
    public const int MaxProtectors = 16;

    /// <summary>Head and content of a slot, without the checksum.</summary>
    public static byte[] Write(StoreId store, long generation, uint epoch, IReadOnlyList<KeyringProtector> protectors,
        ReadOnlySpan<byte> master, KeyringBody body)
    {
        using var plain = new SealWriter();
        body.Write(plain, master, store);
        using var clear = new SealWriter();
        clear.WriteFixed(store.ToArray());
        clear.WriteUInt32(epoch);
        clear.WriteInt32(protectors.Count);
        foreach (var slot in protectors)
        {
            clear.WriteInt32(slot.Number);
            clear.WriteText(slot.Kind);
            clear.WriteText(slot.Label);
            clear.WriteByte(slot.Anchored ? (byte)1 : (byte)0);
            clear.WriteField(slot.PublicKey);
            clear.WriteField(slot.Protected);
            clear.WriteField(slot.Master);
        }
        var sealedLength = SaltBytes + plain.Length + TagBytes;
        using var writer = new SealWriter();
        KeyringFile.WriteHead(writer, clear.Length + 4 + sealedLength, generation);
        writer.WriteFixed(clear.Written);
        var associated = writer.ToArray();
        var output = new byte[sealedLength];
        RandomNumberGenerator.Fill(output.AsSpan(0, SaltBytes));
        using var material = Material(master, output.AsSpan(0, SaltBytes));
        using var gcm = new AesGcm(material.Bytes[..32], TagBytes);
        gcm.Encrypt(material.Bytes[32..], plain.Written, output.AsSpan(SaltBytes, plain.Length), output.AsSpan(output.Length - TagBytes), associated);
        writer.WriteField(output);
        return writer.ToArray();
    }

    /// <summary>Reads the clear part.</summary>
    public static (StoreId Store, uint Epoch, List<KeyringProtector> Protectors, int BodyOffset) ReadClear(KeyringSlot slot, string subject)
    {
        var reader = new SealReader(slot.Bytes.AsSpan(KeyringFile.HeadBytes), subject);
        var store = StoreId.Read(reader.ReadFixed(StoreId.Length));
        var epoch = reader.ReadUInt32();
        var count = reader.ReadCount(25);
        if (count is < 1 or > MaxProtectors)
            throw new TamperedException(subject, $"it has {count} protectors, expected 1 to {MaxProtectors}; it was altered");
        var protectors = new List<KeyringProtector>(count);
        for (var i = 0; i < count; i++)
        {
            protectors.Add(new KeyringProtector(reader.ReadInt32(), reader.ReadText(), reader.ReadText(), reader.ReadByte() != 0,
                reader.ReadField().ToArray(), reader.ReadField().ToArray(), reader.ReadField().ToArray()));
        }
        return (store, epoch, protectors, slot.Bytes.Length - reader.Remaining);
    }

    /// <summary>Opens and reads the body.</summary>
    public static KeyringBody ReadBody(KeyringSlot slot, int bodyOffset, StoreId store, ReadOnlySpan<byte> master, string subject)
    {
        var reader = new SealReader(slot.Bytes.AsSpan(bodyOffset), subject);
        var body = reader.ReadField();
        reader.End();
        if (body.Length < SaltBytes + TagBytes) throw new TamperedException(subject, "its sealed part is truncated");
        var plain = new byte[body.Length - SaltBytes - TagBytes];
        try
        {
            using var material = Material(master, body[..SaltBytes]);
            using var gcm = new AesGcm(material.Bytes[..32], TagBytes);
            gcm.Decrypt(material.Bytes[32..], body[SaltBytes..^TagBytes], body[^TagBytes..], plain, slot.Bytes.AsSpan(0, bodyOffset));
            return KeyringBody.Read(plain, master, store, subject);
        }
        catch (AuthenticationTagMismatchException e)
        {
            throw new TamperedException(subject, "its authentication tag does not match; it was altered: restore it from a copy", e);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    /// <summary>What a protector's blob and its copy of the master key are bound to.</summary>
    public static byte[] ProtectorContext(StoreId store, int number, ReadOnlySpan<byte> publicKey)
    {
        using var writer = new SealWriter();
        writer.WriteText("PersonaTune/protector/1");
        writer.WriteFixed(store.ToArray());
        writer.WriteInt32(number);
        writer.WriteField(publicKey);
        return writer.ToArray();
    }

    /// <summary>The protector's context and the master key's epoch.</summary>
    public static byte[] MasterContext(StoreId store, KeyringProtector slot, uint epoch)
    {
        using var writer = new SealWriter();
        writer.WriteField(ProtectorContext(store, slot.Number, slot.PublicKey));
        writer.WriteUInt32(epoch);
        return writer.ToArray();
    }

    private static SecretKey Material(ReadOnlySpan<byte> master, ReadOnlySpan<byte> salt)
    {
        using var info = new SealWriter();
        info.WriteText("PersonaTune/keyring/1");
        info.WriteField(salt);
        using var key = SecretKey.Copy(master);
        return SecretKey.Create(44, (key, info: info.ToArray()),
            static (output, state) => KeyDerivation.Derive(state.key.Bytes, default, state.info, output));
    }
}

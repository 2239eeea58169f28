using System.Security.Cryptography;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Device.Keys;

/// <summary>The keyring's secret part, immutable; its keys are owned by the <see cref="Keyring"/>.</summary>
/// <param name="IndexKey">Gives names their opaque tags; constant for the store's life.</param>
/// <param name="StateKey">Seals the store's state and keys its multiset hash; constant for the store's life.</param>
/// <param name="DeviceKey">The device's signing key (PKCS #8).</param>
/// <param name="StoreFloor">The store's generation when the keyring was written: an older store is a rollback.</param>
/// <param name="Users">Users in the order of their creation.</param>
/// <param name="Erasing">Tags of users whose key is gone but whose records may still have to be deleted.</param>
internal sealed record KeyringBody(
    SecretKey IndexKey, SecretKey StateKey, SecretKey DeviceKey, long StoreFloor, IReadOnlyList<KeyringUser> Users, IReadOnlyList<byte[]> Erasing)
{
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const int WrappedBytes = NonceBytes + 32 + TagBytes;

    public static KeyringBody Create()
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var exported = ecdsa.ExportPkcs8PrivateKey();
        var device = SecretKey.Copy(exported);
        CryptographicOperations.ZeroMemory(exported);
        return new KeyringBody(SecretKey.Random(), SecretKey.Random(), device, 0, [], []);
    }

    /// <summary>The plaintext; user keys inside are wrapped by the master key.</summary>
    public void Write(SealWriter writer, ReadOnlySpan<byte> master, StoreId store)
    {
        writer.WriteFixed(IndexKey.Bytes);
        writer.WriteFixed(StateKey.Bytes);
        writer.WriteField(DeviceKey.Bytes);
        writer.WriteInt64(StoreFloor);
        using var wrapping = KeyDerivation.Subkey(master, "PersonaTune/user keys/1");
        using var gcm = new AesGcm(wrapping.Bytes, TagBytes);
        writer.WriteInt32(Users.Count);
        Span<byte> wrapped = stackalloc byte[WrappedBytes];
        foreach (var user in Users)
        {
            writer.WriteText(user.Name);
            writer.WriteFixed(user.Tag);
            writer.WriteInt32(user.Keys.Count);
            foreach (var key in user.Keys)
            {
                RandomNumberGenerator.Fill(wrapped[..NonceBytes]);
                gcm.Encrypt(wrapped[..NonceBytes], key.Key.Bytes, wrapped.Slice(NonceBytes, 32), wrapped[^TagBytes..],
                    Bound(store, user.Tag, key.Epoch));
                writer.WriteUInt32(key.Epoch);
                writer.WriteFixed(wrapped);
            }
        }
        writer.WriteInt32(Erasing.Count);
        foreach (var tag in Erasing) writer.WriteFixed(tag);
    }

    public static KeyringBody Read(ReadOnlySpan<byte> plaintext, ReadOnlySpan<byte> master, StoreId store, string subject)
    {
        var reader = new SealReader(plaintext, subject);
        var index = SecretKey.Copy(reader.ReadFixed(32));
        var state = SecretKey.Copy(reader.ReadFixed(32));
        var device = SecretKey.Copy(reader.ReadField());
        var floor = reader.ReadInt64();
        using var wrapping = KeyDerivation.Subkey(master, "PersonaTune/user keys/1");
        using var gcm = new AesGcm(wrapping.Bytes, TagBytes);
        var users = new KeyringUser[reader.ReadCount(4 + KeyringUser.TagBytes + 4)];
        Span<byte> key = stackalloc byte[32];
        for (var i = 0; i < users.Length; i++)
        {
            var name = reader.ReadText();
            var tag = reader.ReadFixed(KeyringUser.TagBytes).ToArray();
            var keys = new KeyringUserKey[reader.ReadCount(4 + WrappedBytes)];
            if (keys.Length == 0) throw new TamperedException(subject, "a user has no key");
            for (var k = 0; k < keys.Length; k++)
            {
                var epoch = reader.ReadUInt32();
                var wrapped = reader.ReadFixed(WrappedBytes);
                try
                {
                    gcm.Decrypt(wrapped[..NonceBytes], wrapped.Slice(NonceBytes, 32), wrapped[^TagBytes..], key, Bound(store, tag, epoch));
                }
                catch (AuthenticationTagMismatchException e)
                {
                    throw new TamperedException(subject, "a user's key does not open under the master key; it was altered", e);
                }
                keys[k] = new KeyringUserKey(epoch, SecretKey.Copy(key));
            }
            users[i] = new KeyringUser(name, tag, keys);
        }
        CryptographicOperations.ZeroMemory(key);
        var erasing = new byte[reader.ReadCount(KeyringUser.TagBytes)][];
        for (var i = 0; i < erasing.Length; i++) erasing[i] = reader.ReadFixed(KeyringUser.TagBytes).ToArray();
        reader.End();
        return new KeyringBody(index, state, device, floor, users, erasing);
    }

    private static byte[] Bound(StoreId store, byte[] tag, uint epoch)
    {
        using var writer = new SealWriter();
        writer.WriteFixed(store.ToArray());
        writer.WriteField(tag);
        writer.WriteUInt32(epoch);
        return writer.ToArray();
    }
}

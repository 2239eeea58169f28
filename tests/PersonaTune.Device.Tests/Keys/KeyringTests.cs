using System.Security.Cryptography;
using PersonaTune.Device.Keys;
using PersonaTune.Device.Storage;
using PersonaTune.Device.Tests.Storage;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Device.Tests.Keys;

public sealed class KeyringTests : IDisposable
{
    private readonly StoreFolder _folder = new();
    private readonly string _path;

    public KeyringTests()
    {
        Directory.CreateDirectory(_folder.Store);
        _path = _folder.KeyringFile;
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Users_and_identity_survive_closing()
    {
        using var passphrase = StoreFolder.Passphrase();
        byte[] key, publicKey, signature;
        using (var keyring = Keyring.Create(_path, passphrase))
        {
            key = keyring.EnsureUser("ada").Current.Key.Bytes.ToArray();
            publicKey = keyring.Identity.PublicKey.ToArray();
            signature = keyring.Identity.Sign("data"u8);
        }
        using (var keyring = Keyring.Open(_path, passphrase))
        {
            Assert.Equal(["ada"], keyring.Users);
            Assert.Equal(key, keyring.EnsureUser("ada").Current.Key.Bytes.ToArray());
            Assert.Equal(publicKey, keyring.Identity.PublicKey.ToArray());
        }
        Assert.True(DeviceIdentity.Verify(publicKey, "data"u8, signature));
        Assert.False(DeviceIdentity.Verify(publicKey, "Data"u8, signature));
        Assert.False(DeviceIdentity.Verify("no key"u8, "data"u8, signature));
    }

    [Fact]
    public void Every_protector_opens_it_and_a_removed_one_does_not()
    {
        using var first = StoreFolder.Passphrase("first");
        using var second = StoreFolder.Passphrase("second");
        using var key = _folder.CreateKeyFile();
        int number;
        using (var keyring = Keyring.Create(_path, first))
        {
            keyring.EnsureUser("ada");
            number = keyring.AddProtector(second, "spare");
            keyring.AddProtector(key, "stick");
            keyring.RotateMaster(); // while only the first protector is present
            Assert.Equal(2u, keyring.MasterEpoch);
        }
        foreach (var protector in (IKeyProtector[])[first, second, key])
        {
            using var keyring = Keyring.Open(_path, protector);
            Assert.Equal(["ada"], keyring.Users);
        }
        using (var keyring = Keyring.Open(_path, second))
        {
            keyring.RemoveProtector(1);
            Assert.Equal([number, number + 1], keyring.Protectors.Select(p => p.Number));
            Assert.Equal(3u, keyring.MasterEpoch);
        }
        Assert.Throws<WrongKeyException>(() => Keyring.Open(_path, first));
        using (var keyring = Keyring.Open(_path, key))
        {
            keyring.RemoveProtector(number);
            Assert.Throws<SealException>(() => keyring.RemoveProtector(number + 1)); // the last one
            Assert.Throws<SealException>(() => keyring.RemoveProtector(99));
        }
        var e = Assert.Throws<WrongKeyException>(() => Keyring.Open(_path, second));
        Assert.Contains("key-file", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_changed_passphrase_replaces_the_old_one()
    {
        using var old = StoreFolder.Passphrase("old");
        using var changed = PassphraseProtector.FromPbkdf2("new", Pbkdf2.MinIterations);
        using (var keyring = Keyring.Create(_path, old))
        {
            keyring.EnsureUser("ada");
            keyring.ReplaceProtector(1, changed);
        }
        Assert.Throws<WrongKeyException>(() => Keyring.Open(_path, old));
        using var opened = Keyring.Open(_path, changed);
        Assert.Equal(["ada"], opened.Users);
    }

    [Fact]
    public void Many_users_make_the_file_grow()
    {
        using var passphrase = StoreFolder.Passphrase();
        long before;
        using (var keyring = Keyring.Create(_path, passphrase))
        {
            before = new FileInfo(_path).Length;
            for (var i = 0; i < 200; i++) keyring.EnsureUser($"user {i}");
        }
        Assert.True(new FileInfo(_path).Length > before);
        using var opened = Keyring.Open(_path, passphrase);
        Assert.Equal(200, opened.Users.Count);
    }

    [Fact]
    public void Every_altered_byte_of_the_only_whole_slot_is_refused()
    {
        using var passphrase = StoreFolder.Passphrase();
        using (var keyring = Keyring.Create(_path, passphrase)) keyring.EnsureUser("ada");
        var capacity = (int)new FileInfo(_path).Length / 2;
        using var file = new FileStream(_path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        var bytes = new byte[2 * capacity];
        file.ReadExactly(bytes);
        Patch(file, capacity, new byte[capacity]); // the other slot is lost
        Keyring.Open(_path, passphrase).Dispose();
        for (var i = 0; i < capacity; i++)
        {
            Patch(file, i, [(byte)(bytes[i] ^ 0x20)]);
            Assert.Throws<TamperedException>(() => Keyring.Open(_path, passphrase));
            Patch(file, i, [bytes[i]]);
        }
        Keyring.Open(_path, passphrase).Dispose();
    }

    [Fact]
    public void Every_altered_byte_with_a_forged_checksum_is_refused()
    {
        using var passphrase = StoreFolder.Passphrase();
        using (var keyring = Keyring.Create(_path, passphrase)) keyring.EnsureUser("ada");
        var bytes = File.ReadAllBytes(_path);
        var capacity = bytes.Length / 2;
        var length = System.Buffers.Binary.BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(8)) - 32;
        using var file = new FileStream(_path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        Patch(file, capacity, new byte[capacity]);
        for (var i = 0; i < length; i++)
        {
            var altered = bytes[..capacity];
            altered[i] ^= 0x01;
            SHA256.HashData(altered.AsSpan(0, length), altered.AsSpan(length));
            Patch(file, 0, altered);
            Assert.ThrowsAny<SealException>(() => Keyring.Open(_path, passphrase));
        }
    }

    [Fact]
    public async Task A_damaged_slot_is_replaced_by_the_other_one()
    {
        using (var store = await _folder.OpenAsync())
            await store.Examples.AddAsync("ada", "messages", "x"u8.ToArray(), ExampleKind.Text, StoreFolder.Noon);
        var whole = await File.ReadAllBytesAsync(_path);
        var length = System.Buffers.Binary.BinaryPrimitives.ReadInt32LittleEndian(whole.AsSpan(8));
        foreach (var slot in (int[])[0, whole.Length / 2])
        {
            for (var i = 0; i < length; i += 37)
            {
                var altered = (byte[])whole.Clone();
                altered[slot + i] ^= 0x40;
                await File.WriteAllBytesAsync(_path, altered);
                using var passphrase = StoreFolder.Passphrase();
                Keyring.Open(_path, passphrase).Dispose();
            }
        }
        await (await _folder.OpenAsync()).DisposeAsync(); // repairs it
        var repaired = await File.ReadAllBytesAsync(_path);
        Assert.Equal(repaired[..(repaired.Length / 2)], repaired[(repaired.Length / 2)..]);
    }

    [Fact]
    public async Task A_damaged_slot_beside_an_older_one_is_a_rollback()
    {
        // The newest slot is lost and the other one is older than what the database remembers.
        using (var store = await _folder.OpenAsync())
            await store.Examples.AddAsync("ada", "messages", "x"u8.ToArray(), ExampleKind.Text, StoreFolder.Noon);
        var old = await File.ReadAllBytesAsync(_path);
        using (var store = await _folder.OpenAsync()) await store.RotateAsync(RotationScope.MasterKey);
        var bytes = await File.ReadAllBytesAsync(_path);
        old.AsSpan(0, old.Length / 2).CopyTo(bytes);
        bytes[(bytes.Length / 2) + 100] ^= 1;
        await File.WriteAllBytesAsync(_path, bytes);
        await Assert.ThrowsAsync<RollbackException>(() => _folder.OpenAsync());
    }

    [Fact]
    public void A_torn_write_leaves_the_state_before_it()
    {
        using var passphrase = StoreFolder.Passphrase();
        using (var keyring = Keyring.Create(_path, passphrase)) keyring.EnsureUser("ada");
        var before = File.ReadAllBytes(_path);
        using (var keyring = Keyring.Open(_path, passphrase)) keyring.EnsureUser("bob");
        var after = File.ReadAllBytes(_path);
        var half = before.Length / 2;
        for (var written = 0; written <= half; written += 512) // the first slot is written up to here
        {
            // A keyring opened from two equal slots writes the second one first.
            var torn = (byte[])before.Clone();
            after.AsSpan(half, written).CopyTo(torn.AsSpan(half));
            File.WriteAllBytes(_path, torn);
            using var keyring = Keyring.Open(_path, passphrase);
            Assert.Equal("ada", keyring.Users[0]);
            if (written == half) Assert.Equal(["ada", "bob"], keyring.Users);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(40)]
    [InlineData(32767)]
    [InlineData(32770)]
    public void A_file_of_another_length_is_refused(int length)
    {
        using var passphrase = StoreFolder.Passphrase();
        Keyring.Create(_path, passphrase).Dispose();
        var bytes = File.ReadAllBytes(_path);
        Array.Resize(ref bytes, length);
        File.WriteAllBytes(_path, bytes);
        Assert.Throws<TamperedException>(() => Keyring.Open(_path, passphrase));
    }

    [Fact]
    public void A_newer_format_is_said_so()
    {
        using var passphrase = StoreFolder.Passphrase();
        Keyring.Create(_path, passphrase).Dispose();
        var bytes = File.ReadAllBytes(_path);
        foreach (var slot in (int[])[0, bytes.Length / 2])
        {
            var length = System.Buffers.Binary.BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(slot + 8)) - 32;
            bytes[slot + 4] = 2;
            SHA256.HashData(bytes.AsSpan(slot, length), bytes.AsSpan(slot + length));
        }
        File.WriteAllBytes(_path, bytes);
        Assert.Equal(2, Assert.Throws<UnsupportedSealVersionException>(() => Keyring.Open(_path, passphrase)).Found);
    }

    [Fact]
    public void Disposal_zeroes_the_keys()
    {
        using var passphrase = StoreFolder.Passphrase();
        var keyring = Keyring.Create(_path, passphrase);
        var user = keyring.EnsureUser("ada");
        keyring.Dispose();
        Assert.Throws<ObjectDisposedException>(() => user.Current.Key.Bytes.Length);
        Assert.Throws<ObjectDisposedException>(() => keyring.EnsureUser("ada"));
    }

    private static void Patch(FileStream file, long offset, byte[] bytes)
    {
        file.Position = offset;
        file.Write(bytes);
        file.Flush();
    }
}

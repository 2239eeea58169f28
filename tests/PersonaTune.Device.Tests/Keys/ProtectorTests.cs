using PersonaTune.Device.Keys;
using PersonaTune.Device.Tests.Storage;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Device.Tests.Keys;

public class ProtectorTests
{
    [Fact]
    public void Passphrase_opens_what_it_protected()
    {
        using var protector = StoreFolder.Passphrase();
        using var same = StoreFolder.Passphrase();
        using var other = StoreFolder.Passphrase("other");
        var blob = protector.Protect("secret"u8, "context"u8);
        using var opened = same.Unprotect(blob, "context"u8);
        Assert.Equal("secret"u8.ToArray(), opened.Bytes.ToArray());
        Assert.Throws<WrongKeyException>(() => other.Unprotect(blob, "context"u8));
        Assert.Throws<WrongKeyException>(() => same.Unprotect(blob, "another context"u8));
        Assert.Throws<TamperedException>(() => same.Unprotect(blob.AsSpan(0, 40), "context"u8));
    }

    [Fact]
    public void Every_altered_byte_of_a_protected_key_is_refused()
    {
        using var protector = StoreFolder.Passphrase();
        var blob = protector.Protect("secret"u8, "context"u8);
        for (var i = 0; i < blob.Length; i++)
        {
            if (i is 2 or 3 or 6 or 7) continue; // the middle bytes of the cost: accepted ones would cost gigabytes or minutes
            var altered = (byte[])blob.Clone();
            altered[i] ^= 0x02;
            Assert.ThrowsAny<SealException>(() => protector.Unprotect(altered, "context"u8));
        }
    }

    [Theory]
    [InlineData(1, 4)] // 64 GiB of memory
    [InlineData(1, 8)] // sixteen million passes
    [InlineData(1, 10)] // lanes
    [InlineData(2, 4)] // four thousand million iterations
    public void An_absurd_stored_cost_is_refused_at_once(byte algorithm, int position)
    {
        using var protector = algorithm == 1 ? StoreFolder.Passphrase() : PassphraseProtector.FromPbkdf2("p", Pbkdf2.MinIterations);
        var blob = protector.Protect("secret"u8, default);
        Assert.Equal(algorithm, blob[0]);
        blob[position] = 0x7f;
        Assert.Throws<KeyCostException>(() => protector.Unprotect(blob, default));
    }

    [Fact]
    public void Weak_or_absurd_costs_cannot_be_chosen()
    {
        Assert.Throws<KeyCostException>(() => PassphraseProtector.FromPbkdf2("p", 1000));
        Assert.Throws<KeyCostException>(() => PassphraseProtector.FromArgon2id("p", new Argon2Parameters(1, 1, 1)));
        Assert.ThrowsAny<ArgumentException>(() => PassphraseProtector.FromArgon2id(""));
    }

    [Fact]
    public void Key_file_opens_what_it_protected_and_damage_is_noticed()
    {
        using var folder = new StoreFolder();
        byte[] blob;
        using (var created = folder.CreateKeyFile()) blob = created.Protect("secret"u8, "context"u8);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(folder.KeyFile));
        using (var opened = KeyFileProtector.Open(folder.KeyFile))
        using (var secret = opened.Unprotect(blob, "context"u8))
            Assert.Equal("secret"u8.ToArray(), secret.Bytes.ToArray());
        Assert.Throws<SealException>(() => KeyFileProtector.Create(folder.KeyFile));

        var bytes = File.ReadAllBytes(folder.KeyFile);
        for (var i = 0; i < bytes.Length; i++)
        {
            var altered = (byte[])bytes.Clone();
            altered[i] ^= 0x80;
            File.WriteAllBytes(folder.KeyFile, altered);
            Assert.Throws<TamperedException>(() => KeyFileProtector.Open(folder.KeyFile));
        }
        File.WriteAllBytes(folder.KeyFile, bytes[..^1]);
        Assert.Throws<TamperedException>(() => KeyFileProtector.Open(folder.KeyFile));
        File.Delete(folder.KeyFile);
        Assert.Throws<FileNotFoundException>(() => KeyFileProtector.Open(folder.KeyFile));
        using var another = folder.CreateKeyFile();
        Assert.Throws<WrongKeyException>(() => another.Unprotect(blob, "context"u8));
    }
}

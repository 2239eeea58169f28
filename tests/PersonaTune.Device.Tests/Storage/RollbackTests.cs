using PersonaTune.Device.Keys;
using PersonaTune.Device.Storage;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Device.Tests.Storage;

/// <summary>Old copies of the store's files are put in their place.</summary>
public class RollbackTests
{
    [Fact]
    public async Task An_old_copy_of_everything_is_noticed_by_the_anchor_of_a_key_file()
    {
        using var folder = new StoreFolder();
        using var key = folder.CreateKeyFile();
        await AddAsync(folder, key, "one");
        var copy = folder.CopyTo("copy");
        await AddAsync(folder, key, "two");
        folder.RestoreFrom(copy);
        var e = await Assert.ThrowsAsync<RollbackException>(() => folder.OpenAsync(key));
        Assert.Contains("AcceptRollback", e.Message, StringComparison.Ordinal);
        Assert.True(e.Found < e.Expected);

        await using (var accepted = await folder.OpenAsync(key, acceptRollback: true))
        {
            Assert.Equal(1, await accepted.Examples.CountAsync("ada", "messages"));
            Assert.True((await accepted.StatisticsAsync()).Generation > e.Expected); // commit numbers are not used again
        }
        await using var again = await folder.OpenAsync(key); // the anchor follows the accepted copy
        Assert.Equal(1, await again.Examples.CountAsync("ada", "messages"));
    }

    [Fact]
    public async Task Without_an_anchor_an_old_copy_of_everything_opens()
    {
        // The documented limit: nothing inside the folder can know.
        using var folder = new StoreFolder();
        await AddAsync(folder, null, "one");
        var copy = folder.CopyTo("copy");
        await AddAsync(folder, null, "two");
        folder.RestoreFrom(copy);
        await using var store = await folder.OpenAsync();
        Assert.Equal(1, await store.Examples.CountAsync("ada", "messages"));
    }

    [Fact]
    public async Task A_copy_that_went_another_way_is_noticed()
    {
        using var folder = new StoreFolder();
        using var key = folder.CreateKeyFile();
        await AddAsync(folder, key, "one");
        await using (var store = await folder.OpenAsync(key))
        {
            using var passphrase = StoreFolder.Passphrase();
            store.Keyring.AddProtector(passphrase, "spare");
        }
        var copy = folder.CopyTo("copy");
        await AddAsync(folder, key, "two");
        folder.RestoreFrom(copy);
        using var spare = StoreFolder.Passphrase(); // has no anchor, so it can go on from the copy
        await AddAsync(folder, spare, "other two");
        await Assert.ThrowsAsync<RollbackException>(() => folder.OpenAsync(key)); // same number of commits, another history
    }

    [Fact]
    public async Task A_missing_or_altered_anchor_is_refused()
    {
        using var folder = new StoreFolder();
        using var key = folder.CreateKeyFile();
        await AddAsync(folder, key, "one");
        var anchor = Assert.Single(Directory.GetFiles(Path.GetDirectoryName(folder.KeyFile)!, "*.anchor"));
        var bytes = await File.ReadAllBytesAsync(anchor);
        File.Delete(anchor);
        await Assert.ThrowsAsync<RollbackException>(() => folder.OpenAsync(key));
        await File.WriteAllBytesAsync(anchor, bytes[..^1]);
        await Assert.ThrowsAsync<TamperedException>(() => folder.OpenAsync(key));
        await File.WriteAllBytesAsync(anchor, new byte[bytes.Length]);
        await Assert.ThrowsAsync<TamperedException>(() => folder.OpenAsync(key));
        await (await folder.OpenAsync(key, acceptRollback: true)).DisposeAsync();
        await (await folder.OpenAsync(key)).DisposeAsync();
    }

    [Fact]
    public async Task An_old_database_beside_the_newer_keyring_is_noticed_without_an_anchor()
    {
        using var folder = new StoreFolder();
        await AddAsync(folder, null, "one");
        var copy = folder.CopyTo("copy");
        await using (var store = await folder.OpenAsync())
        {
            await store.Examples.AddAsync("ada", "messages", "two"u8.ToArray(), ExampleKind.Text, StoreFolder.Noon);
            await store.RotateAsync(RotationScope.MasterKey);
        }
        folder.RestoreFrom(copy, "store.db");
        await Assert.ThrowsAsync<RollbackException>(() => folder.OpenAsync());
    }

    [Fact]
    public async Task An_old_keyring_beside_the_newer_database_is_noticed_without_an_anchor()
    {
        using var folder = new StoreFolder();
        await AddAsync(folder, null, "one");
        var copy = folder.CopyTo("copy");
        await using (var store = await folder.OpenAsync()) await store.RotateAsync(RotationScope.MasterKey);
        folder.RestoreFrom(copy, "keyring.ptk");
        await Assert.ThrowsAsync<RollbackException>(() => folder.OpenAsync());
        await (await folder.OpenAsync(acceptRollback: true)).DisposeAsync();
        await using var again = await folder.OpenAsync(); // the user's key was only wrapped anew, so nothing is lost
        Assert.Equal(["one"], (await again.Examples.ListAsync("ada", "messages").ToListAsync()).Select(x => x.Text));
    }

    [Fact]
    public async Task A_crash_between_commit_and_anchor_is_no_rollback()
    {
        using var folder = new StoreFolder();
        using var key = folder.CreateKeyFile();
        await AddAsync(folder, key, "one");
        var anchor = Assert.Single(Directory.GetFiles(Path.GetDirectoryName(folder.KeyFile)!, "*.anchor"));
        var behind = await File.ReadAllBytesAsync(anchor);
        await AddAsync(folder, key, "two");
        await File.WriteAllBytesAsync(anchor, behind);
        await using var store = await folder.OpenAsync(key);
        Assert.Equal(2, await store.Examples.CountAsync("ada", "messages"));
    }

    private static async Task AddAsync(StoreFolder folder, IKeyProtector? protector, string text)
    {
        await using var store = await folder.OpenAsync(protector);
        await store.Examples.AddAsync("ada", "messages", System.Text.Encoding.UTF8.GetBytes(text), ExampleKind.Text, StoreFolder.Noon);
    }
}

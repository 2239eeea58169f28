using PersonaTune.Device.Storage;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Device.Tests.Storage;

public class SealedStoreTests
{
    [Fact]
    public async Task Wrong_passphrase_is_said_so_and_leaves_the_store_as_it_was()
    {
        using var folder = new StoreFolder();
        await (await folder.OpenAsync()).DisposeAsync();
        using var wrong = StoreFolder.Passphrase("battery staple");
        var e = await Assert.ThrowsAsync<WrongKeyException>(() => folder.OpenAsync(wrong));
        Assert.Contains("passphrase", e.Message, StringComparison.Ordinal);
        await (await folder.OpenAsync()).DisposeAsync();
    }

    [Fact]
    public async Task A_second_opening_is_refused_until_the_first_is_closed()
    {
        using var folder = new StoreFolder();
        await using (await folder.OpenAsync())
            await Assert.ThrowsAsync<StoreInUseException>(() => folder.OpenAsync());
        await (await folder.OpenAsync()).DisposeAsync();
    }

    [Fact]
    public async Task A_database_held_by_another_program_is_reported()
    {
        using var folder = new StoreFolder();
        await (await folder.OpenAsync()).DisposeAsync();
        using var other = new SqliteRecordStore(folder.Database);
        await Assert.ThrowsAsync<StoreInUseException>(() => folder.OpenAsync());
    }

    [Fact]
    public async Task Opening_and_creating_say_what_is_missing_or_in_the_way()
    {
        using var folder = new StoreFolder();
        using var passphrase = StoreFolder.Passphrase();
        var options = new SealedStoreOptions { Folder = folder.Store };
        await Assert.ThrowsAsync<StoreNotFoundException>(() => SealedStore.OpenAsync(options, passphrase));
        Assert.False(Directory.Exists(folder.Store));
        await (await SealedStore.CreateAsync(options, passphrase)).DisposeAsync();
        Assert.True(SealedStore.Exists(folder.Store));
        await Assert.ThrowsAsync<StoreException>(() => SealedStore.CreateAsync(options, passphrase));
        File.Delete(folder.KeyringFile);
        // A database whose keyring is lost is never overwritten.
        await Assert.ThrowsAsync<StoreNotFoundException>(() => SealedStore.OpenOrCreateAsync(options, passphrase));
        Assert.True(File.Exists(folder.Database));
    }

    [Fact]
    public async Task An_interrupted_creation_is_started_again()
    {
        using var folder = new StoreFolder();
        await (await folder.OpenAsync()).DisposeAsync();
        File.Move(folder.KeyringFile, folder.KeyringFile + ".creating");
        await using var store = await folder.OpenAsync();
        Assert.Equal(0, (await store.StatisticsAsync()).Records);
    }

    [Fact]
    public async Task Forgetting_removes_everything_of_the_user_and_nothing_else()
    {
        using var folder = new StoreFolder();
        await using (var store = await folder.OpenAsync())
        {
            foreach (var user in (string[])["ada", "bob"])
            {
                await store.Examples.AddRangeAsync(user, "messages", [.. Enumerable.Range(0, 50).Select(i => NewExample.FromText($"{user} {i}", StoreFolder.Noon))]);
                await store.Blobs.PutAsync(user, "adapters", "current", new byte[100]);
            }
            var before = await store.StatisticsAsync();
            var reports = new List<ExamplesDeletedEventArgs>();
            store.Examples.Deleted += (_, e) => reports.Add(e);
            Assert.Equal(52, await store.ForgetAsync("ada")); // 50 examples, a value, the catalog
            Assert.True(Assert.Single(reports).UserForgotten);
            var after = await store.StatisticsAsync();
            Assert.Equal(before.Records - 52, after.Records);
            Assert.True(after.FileBytes < before.FileBytes);
            Assert.Equal(before.MasterEpoch + 1, after.MasterEpoch);
            Assert.Equal(["bob"], store.Users);
            Assert.Equal(0, await store.ForgetAsync("ada"));
            Assert.Single(reports);
            await store.Examples.AddAsync("ada", "messages", "back"u8.ToArray(), ExampleKind.Text, StoreFolder.Noon);
        }
        await using (var store = await folder.OpenAsync())
        {
            Assert.Equal(50, await store.Examples.CountAsync("bob", "messages"));
            Assert.NotNull(await store.Blobs.GetAsync("bob", "adapters", "current"));
            Assert.Equal(["back"], (await store.Examples.ListAsync("ada", "messages").ToListAsync()).Select(e => e.Text));
        }
    }

    [Fact]
    public async Task Forgetting_leaves_no_sealed_byte_of_the_user_in_the_files()
    {
        using var folder = new StoreFolder();
        var database = default(AlteringRecordStore);
        await using (var store = await folder.OpenAsync(database: path => database = new AlteringRecordStore(new SqliteRecordStore(path))))
        {
            SealedRow? seen = null;
            database!.Alter = row => seen = row;
            var id = await store.Examples.AddAsync("ada", "messages", new byte[200], ExampleKind.Text, StoreFolder.Noon);
            await store.Examples.GetAsync("ada", "messages", id);
            Assert.True(FileHolds(folder, seen!.Sealed.AsSpan(30, 60)) && FileHolds(folder, seen.Place.UserTag));
            await store.ForgetAsync("ada");
            Assert.False(FileHolds(folder, seen.Sealed.AsSpan(30, 60)) || FileHolds(folder, seen.Place.UserTag));
        }
    }

    [Fact]
    public async Task Interrupted_forgetting_is_finished_by_the_next_opening()
    {
        using var folder = new StoreFolder();
        var database = default(FailingRecordStore);
        await using (var store = await folder.OpenAsync(database: path => database = new FailingRecordStore(new SqliteRecordStore(path))))
        {
            await store.Examples.AddAsync("ada", "messages", "x"u8.ToArray(), ExampleKind.Text, StoreFolder.Noon);
            database!.Fail = true;
            await Assert.ThrowsAsync<StoreException>(() => store.ForgetAsync("ada"));
            database.Fail = false;
            Assert.Empty(store.Users); // the key is gone already
            Assert.Equal(2, (await store.StatisticsAsync()).Records);
        }
        await using (var store = await folder.OpenAsync())
            Assert.Equal(0, (await store.StatisticsAsync()).Records);
    }

    [Theory]
    [InlineData(RotationScope.MasterKey)]
    [InlineData(RotationScope.Records)]
    public async Task Rotation_keeps_everything_readable(RotationScope scope)
    {
        using var folder = new StoreFolder();
        await using (var store = await folder.OpenAsync())
        {
            foreach (var user in (string[])["ada", "bob"])
                await store.Examples.AddRangeAsync(user, "messages", [.. Enumerable.Range(0, 100).Select(i => NewExample.FromText($"{user} {i}", StoreFolder.Noon))]);
            await store.Blobs.PutAsync("ada", "adapters", "current", new byte[100]);
            var before = await store.StatisticsAsync();
            await store.RotateAsync(scope);
            var after = await store.StatisticsAsync();
            Assert.Equal(before.MasterEpoch + 1, after.MasterEpoch);
            Assert.Equal(before.Records, after.Records);
            Assert.False(store.Keyring.RotationPending);
            Assert.Equal(100, (await store.Examples.ListAsync("ada", "messages").ToListAsync()).Count);
        }
        await using (var store = await folder.OpenAsync())
        {
            Assert.Equal(Enumerable.Range(0, 100).Select(i => $"bob {i}"), (await store.Examples.ListAsync("bob", "messages").ToListAsync()).Select(e => e.Text));
            Assert.NotNull(await store.Blobs.GetAsync("ada", "adapters", "current"));
        }
    }

    [Fact]
    public async Task An_interrupted_rotation_stays_readable_and_can_be_resumed()
    {
        using var folder = new StoreFolder();
        await using (var store = await folder.OpenAsync())
        {
            await store.Examples.AddRangeAsync("ada", "messages", [.. Enumerable.Range(0, 100).Select(i => NewExample.FromText($"{i}", StoreFolder.Noon))]);
            using var stop = new CancellationTokenSource();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.RotateAsync(RotationScope.Records, new Immediate(_ => stop.Cancel()), stop.Token));
            Assert.True(store.Keyring.RotationPending);
            await store.Examples.AddAsync("ada", "messages", "100"u8.ToArray(), ExampleKind.Text, StoreFolder.Noon);
        }
        await using (var store = await folder.OpenAsync())
        {
            Assert.True(store.Keyring.RotationPending);
            Assert.Equal(101, (await store.Examples.ListAsync("ada", "messages").ToListAsync()).Count);
            Assert.True(await store.ResumeRotationAsync());
            Assert.False(await store.ResumeRotationAsync());
            Assert.Equal(Enumerable.Range(0, 101).Select(i => $"{i}"), (await store.Examples.ListAsync("ada", "messages").ToListAsync()).Select(e => e.Text));
        }
    }

    [Fact]
    public async Task Use_after_closing_is_refused()
    {
        using var folder = new StoreFolder();
        var store = await folder.OpenAsync();
        await store.DisposeAsync();
        store.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => store.Examples.CountAsync("ada", "messages"));
    }

    private static bool FileHolds(StoreFolder folder, ReadOnlySpan<byte> bytes)
    {
        foreach (var file in Directory.GetFiles(folder.Store))
        {
            if (file.EndsWith(".lock", StringComparison.Ordinal)) continue;
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            var content = new byte[stream.Length];
            stream.ReadExactly(content);
            if (content.AsSpan().IndexOf(bytes) >= 0) return true;
        }
        return false;
    }

    private sealed class Immediate(Action<long> report) : IProgress<long>
    {
        public void Report(long value) => report(value);
    }
}

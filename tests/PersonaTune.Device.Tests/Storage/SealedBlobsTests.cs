using PersonaTune.Device.Storage;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Device.Tests.Storage;

public class SealedBlobsTests
{
    [Fact]
    public async Task A_put_replaces_and_versions_only_grow()
    {
        using var folder = new StoreFolder();
        long first;
        await using (var store = await folder.OpenAsync())
        {
            first = await store.Blobs.PutAsync("ada", "adapters", "a", new byte[] { 1 });
            await store.Blobs.PutAsync("ada", "adapters", "b", new byte[300_000]);
        }
        await using (var store = await folder.OpenAsync())
        {
            Assert.Equal(first, (await store.Blobs.GetAsync("ada", "adapters", "a"))!.Version);
            var second = await store.Blobs.PutAsync("ada", "adapters", "a", new byte[] { 2, 3 });
            Assert.True(second > first);
            var blob = await store.Blobs.GetAsync("ada", "adapters", "a");
            Assert.Equal([2, 3], blob!.Content.ToArray());
            Assert.Equal(second, blob.Version);
            Assert.Equal(["a", "b"], (await store.Blobs.ListAsync("ada", "adapters").ToListAsync()).Select(b => b.Name));
            Assert.True(await store.Blobs.DeleteAsync("ada", "adapters", "a"));
            Assert.False(await store.Blobs.DeleteAsync("ada", "adapters", "a"));
            Assert.Null(await store.Blobs.GetAsync("ada", "adapters", "a"));
            Assert.True(await store.Blobs.PutAsync("ada", "adapters", "a", new byte[] { 1 }) > second);
            Assert.Null(await store.Blobs.GetAsync("bob", "adapters", "a"));
            Assert.Null(await store.Blobs.GetAsync("ada", "caches", "a"));
        }
    }

    [Fact]
    public async Task A_range_is_all_or_none()
    {
        using var folder = new StoreFolder();
        var database = default(FailingRecordStore);
        await using var store = await folder.OpenAsync(database: path => database = new FailingRecordStore(new SqliteRecordStore(path)));
        await store.Blobs.PutAsync("ada", "adapters", "old", new byte[] { 1 });
        database!.Fail = true;
        await Assert.ThrowsAsync<StoreException>(() => store.Blobs.PutRangeAsync("ada", "adapters", [new("new", new byte[] { 2 })], ["old"]));
        database.Fail = false;
        Assert.Equal(["old"], (await store.Blobs.ListAsync("ada", "adapters").ToListAsync()).Select(b => b.Name));
        await store.VerifyAsync();
        await store.Blobs.PutRangeAsync("ada", "adapters", [new("new", new byte[] { 2 })], ["old"]);
        Assert.Equal(["new"], (await store.Blobs.ListAsync("ada", "adapters").ToListAsync()).Select(b => b.Name));
        await Assert.ThrowsAsync<ArgumentException>(() => store.Blobs.PutRangeAsync("ada", "adapters", [new("x", new byte[] { 2 })], ["x"]));
    }

    [Fact]
    public async Task Every_altered_byte_of_a_sealed_checkpoint_is_refused()
    {
        using var folder = new StoreFolder();
        var database = default(AlteringRecordStore);
        await using var store = await folder.OpenAsync(database: path => database = new AlteringRecordStore(new SqliteRecordStore(path)));
        await store.Blobs.PutAsync("ada", "checkpoints", "run 1", Enumerable.Range(0, 700).Select(i => (byte)i).ToArray());
        var length = 0;
        for (var i = 0; i == 0 || i < length; i++)
        {
            var at = i;
            database!.Alter = row =>
            {
                length = row.Sealed.Length;
                var altered = (byte[])row.Sealed.Clone();
                altered[at] ^= 0x10;
                return row with { Sealed = altered };
            };
            await Assert.ThrowsAnyAsync<SealException>(() => store.Blobs.GetAsync("ada", "checkpoints", "run 1"));
        }
        Assert.True(length > 700);
        database!.Alter = null;
        Assert.NotNull(await store.Blobs.GetAsync("ada", "checkpoints", "run 1"));
    }
}

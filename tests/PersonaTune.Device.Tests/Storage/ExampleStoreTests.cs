using System.Text;
using System.Text.Json;
using PersonaTune.Device.Storage;

namespace PersonaTune.Device.Tests.Storage;

public class ExampleStoreTests
{
    [Fact]
    public async Task Examples_survive_closing_and_come_back_in_order()
    {
        using var folder = new StoreFolder();
        var ids = new List<RecordId>();
        await using (var store = await folder.OpenAsync())
        {
            for (var i = 0; i < 10; i++)
                ids.Add(await store.Examples.AddAsync("ada", "messages", Encoding.UTF8.GetBytes($"message {i} ☕"), ExampleKind.Text, StoreFolder.Noon.AddTicks(i)));
            ids.AddRange(await store.Examples.AddRangeAsync("ada", "messages",
                [.. Enumerable.Range(10, 290).Select(i => NewExample.FromText($"message {i} ☕", StoreFolder.Noon.AddTicks(i)))]));
        }
        await using (var store = await folder.OpenAsync(pageSize: 7)) // 300 is no multiple of 7
        {
            var list = await store.Examples.ListAsync("ada", "messages").ToListAsync();
            Assert.Equal(ids, list.Select(e => e.Id));
            Assert.Equal(Enumerable.Range(0, 300).Select(i => $"message {i} ☕"), list.Select(e => e.Text));
            Assert.Equal(StoreFolder.Noon.AddTicks(299), list[299].Time);
            Assert.Equal(300, await store.Examples.CountAsync("ada", "messages"));
            Assert.Equal(["messages"], await store.Examples.CollectionsAsync("ada"));
            var one = await store.Examples.GetAsync("ada", "messages", ids[42]);
            Assert.Equal("message 42 ☕", one!.Text);
        }
        await using (var store = await folder.OpenAsync(pageSize: 100)) // 300 is a multiple of 100
            Assert.Equal(300, (await store.Examples.ListAsync("ada", "messages").ToListAsync()).Count);
    }

    [Fact]
    public async Task Users_and_collections_do_not_see_each_other()
    {
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        var id = await store.Examples.AddAsync("ada", "messages", "x"u8.ToArray(), ExampleKind.Text, StoreFolder.Noon);
        Assert.Null(await store.Examples.GetAsync("bob", "messages", id));
        Assert.Null(await store.Examples.GetAsync("ada", "notes", id));
        Assert.Empty(await store.Examples.ListAsync("ada", "notes").ToListAsync());
        Assert.Equal(0, await store.Examples.DeleteAsync("ada", "notes", [id]));
        Assert.NotNull(await store.Examples.GetAsync("ada", "messages", id));
        Assert.Equal(["ada"], store.Users); // looking for bob did not create him
    }

    [Fact]
    public async Task Deletion_is_reported_after_it_is_durable()
    {
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        var ids = await store.Examples.AddRangeAsync("ada", "messages", [.. Enumerable.Range(0, 5).Select(i => NewExample.FromText($"{i}", StoreFolder.Noon))]);
        var reports = new List<ExamplesDeletedEventArgs>();
        store.Examples.Deleted += (_, e) => reports.Add(e);
        Assert.Equal(2, await store.Examples.DeleteAsync("ada", "messages", [ids[1], ids[3], ids[1], RecordId.Create()]));
        var report = Assert.Single(reports);
        Assert.Equal([ids[1], ids[3]], report.Ids);
        Assert.False(report.UserForgotten);
        Assert.Equal([ids[1], ids[3]], await store.Examples.MissingAsync("ada", "messages", ids));
        Assert.Equal(["0", "2", "4"], (await store.Examples.ListAsync("ada", "messages").ToListAsync()).Select(e => e.Text));
    }

    [Fact]
    public async Task Digest_depends_on_the_set_alone()
    {
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        var ids = await store.Examples.AddRangeAsync("ada", "messages", [.. Enumerable.Range(0, 4).Select(i => NewExample.FromText($"{i}", StoreFolder.Noon))]);
        var list = await store.Examples.ListAsync("ada", "messages").ToListAsync();
        var digest = await store.Examples.DigestAsync("ada", "messages");
        Assert.Equal(ExampleSetDigest.Length, digest.Length);
        Assert.Equal(digest, ExampleSetDigest.Compute(list.AsEnumerable().Reverse()));
        Assert.NotEqual(digest, ExampleSetDigest.Compute(list.Skip(1)));
        Assert.NotEqual(digest, ExampleSetDigest.Compute(list.Append(list[0])));
        Assert.NotEqual(digest, ExampleSetDigest.Compute(list.Select(e => e.Id == ids[0] ? e with { Content = "changed"u8.ToArray() } : e)));
        await store.Examples.DeleteAsync("ada", "messages", [ids[2]]);
        Assert.Equal(ExampleSetDigest.Compute(list.Where(e => e.Id != ids[2])), await store.Examples.DigestAsync("ada", "messages"));
    }

    [Fact]
    public async Task Export_is_json_lines()
    {
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        await store.Examples.AddAsync("ada", "messages", Encoding.UTF8.GetBytes("a \"quoted\"\nline ☕"), ExampleKind.Text, StoreFolder.Noon);
        await store.Examples.AddAsync("ada", "messages", new byte[] { 0xff, 0 }, ExampleKind.Image, StoreFolder.Noon);
        using var stream = new MemoryStream();
        Assert.Equal(2, await store.Examples.ExportAsync("ada", "messages", stream));
        var lines = Encoding.UTF8.GetString(stream.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        using var first = JsonDocument.Parse(lines[0]);
        Assert.Equal("a \"quoted\"\nline ☕", first.RootElement.GetProperty("text").GetString());
        Assert.Equal(StoreFolder.Noon, first.RootElement.GetProperty("time").GetDateTimeOffset());
        using var second = JsonDocument.Parse(lines[1]);
        Assert.Equal([0xff, 0], second.RootElement.GetProperty("base64").GetBytesFromBase64());
        Assert.Equal("image", second.RootElement.GetProperty("kind").GetString());
    }

    [Fact]
    public async Task Malformed_names_are_refused()
    {
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        foreach (var name in (string[])["", "a\nb", "\ud800", "a\udc00b", "\ud800\ud800\udc00", new string('x', 257)])
        {
            await Assert.ThrowsAnyAsync<ArgumentException>(() => store.Examples.AddAsync(name, "messages", new byte[1], ExampleKind.Text, StoreFolder.Noon));
            await Assert.ThrowsAnyAsync<ArgumentException>(() => store.Examples.CountAsync("ada", name));
        }
        await store.Examples.AddAsync("ada 🙂 " + new string('x', 249), "messages", new byte[1], ExampleKind.Text, StoreFolder.Noon);
    }

    [Fact]
    public async Task Empty_and_oversized_contents_are_refused()
    {
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        await Assert.ThrowsAsync<ArgumentException>(() => store.Examples.AddAsync("ada", "m", ReadOnlyMemory<byte>.Empty, ExampleKind.Text, StoreFolder.Noon));
        await Assert.ThrowsAsync<ArgumentException>(
            () => store.Examples.AddAsync("ada", "m", new byte[ExampleStore.MaxContent + 1], ExampleKind.Text, StoreFolder.Noon));
        Assert.Empty(store.Users);
    }

    [Fact]
    public async Task Concurrent_callers_lose_nothing()
    {
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async writer =>
        {
            for (var i = 0; i < 10; i++)
                await store.Examples.AddAsync($"user{writer % 2}", "messages", Encoding.UTF8.GetBytes($"{writer}/{i}"), ExampleKind.Text, StoreFolder.Noon);
        }));
        Assert.Equal(40, await store.Examples.CountAsync("user0", "messages"));
        Assert.Equal(40, await store.Examples.CountAsync("user1", "messages"));
        await store.VerifyAsync();
    }
}

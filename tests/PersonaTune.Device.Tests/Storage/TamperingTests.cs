using System.Text;
using PersonaTune.Device.Storage;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Device.Tests.Storage;

/// <summary>Somebody changes the store's files, or the rows that the database hands out.</summary>
public class TamperingTests
{
    [Fact]
    public async Task Every_altered_byte_of_a_record_is_refused()
    {
        using var folder = new StoreFolder();
        var database = default(AlteringRecordStore);
        await using var store = await folder.OpenAsync(database: path => database = new AlteringRecordStore(new SqliteRecordStore(path)));
        var id = await store.Examples.AddAsync("ada", "messages", "see you at noon"u8.ToArray(), ExampleKind.Text, StoreFolder.Noon);
        var length = 0;
        for (var i = 0; i == 0 || i < length; i++)
        {
            var at = i;
            database!.Alter = row =>
            {
                length = row.Sealed.Length;
                var altered = (byte[])row.Sealed.Clone();
                altered[at] ^= 0x01;
                return row with { Sealed = altered };
            };
            await Assert.ThrowsAnyAsync<SealException>(() => store.Examples.GetAsync("ada", "messages", id));
            await Assert.ThrowsAnyAsync<SealException>(async () => await store.Examples.ListAsync("ada", "messages").ToListAsync());
        }
        Assert.Equal(Padding.MinLength + RecordSealer.Overhead, length);
    }

    public static TheoryData<string> Exchanges => ["content", "version", "truncated", "older version", "another user's content"];

    [Theory]
    [MemberData(nameof(Exchanges))]
    public async Task A_row_with_something_of_another_is_refused(string exchange)
    {
        using var folder = new StoreFolder();
        var database = default(AlteringRecordStore);
        await using var store = await folder.OpenAsync(database: path => database = new AlteringRecordStore(new SqliteRecordStore(path)));
        var seen = new List<SealedRow>();
        database!.Alter = row => { seen.Add(row); return row; };
        await store.Blobs.PutAsync("ada", "c", "name", "first"u8.ToArray());
        await store.Blobs.PutAsync("bob", "c", "name", "his"u8.ToArray());
        await store.Blobs.PutAsync("ada", "c", "other", "other"u8.ToArray());
        seen.Clear();
        await store.Blobs.GetAsync("ada", "c", "name");
        await store.Blobs.GetAsync("bob", "c", "name");
        await store.Blobs.GetAsync("ada", "c", "other");
        var (old, bobs, other) = (seen[0], seen[1], seen[2]);
        await store.Blobs.PutAsync("ada", "c", "name", "second"u8.ToArray());
        database.Alter = row => exchange switch
        {
            "content" => row with { Sealed = other.Sealed },
            "version" => row with { Place = row.Place with { Version = row.Place.Version + 1 } },
            "truncated" => row with { Sealed = row.Sealed[..^1] },
            "older version" => row with { Sealed = old.Sealed },
            _ => row with { Sealed = bobs.Sealed },
        };
        await Assert.ThrowsAsync<TamperedException>(() => store.Blobs.GetAsync("ada", "c", "name"));
    }

    public static TheoryData<string> Statements =>
    [
        "DELETE FROM records WHERE sequence = 3",
        "UPDATE records SET version = version + 1 WHERE sequence = 3",
        "UPDATE records SET user = (SELECT user FROM records WHERE user <> (SELECT user FROM records WHERE sequence = 3)) WHERE sequence = 3",
        "UPDATE records SET collection = randomblob(16) WHERE sequence = 3",
        "UPDATE records SET id = randomblob(16) WHERE sequence = 3",
        "INSERT INTO records (id, user, collection, version, sealed) SELECT randomblob(16), user, collection, version, sealed FROM records WHERE sequence = 3",
        "UPDATE state SET sealed = randomblob(length(sealed))",
        "UPDATE state SET sealed = zeroblob(0)",
    ];

    [Theory]
    [MemberData(nameof(Statements))]
    public async Task Rows_changed_while_the_store_is_closed_are_noticed_on_opening(string statement)
    {
        using var folder = new StoreFolder();
        await FillAsync(folder);
        folder.Sql(statement);
        await Assert.ThrowsAnyAsync<SealException>(() => folder.OpenAsync());
    }

    [Theory]
    [InlineData("DELETE FROM state")]
    [InlineData("CREATE TRIGGER t AFTER INSERT ON records BEGIN DELETE FROM records; END")]
    [InlineData("PRAGMA application_id = 1")]
    [InlineData("DROP TABLE records")]
    public async Task A_changed_schema_is_refused(string statement)
    {
        using var folder = new StoreFolder();
        await FillAsync(folder);
        folder.Sql(statement);
        await Assert.ThrowsAnyAsync<StoreException>(() => folder.OpenAsync());
    }

    [Fact]
    public async Task A_newer_schema_is_refused_with_advice()
    {
        using var folder = new StoreFolder();
        await FillAsync(folder);
        folder.Sql("PRAGMA user_version = 99");
        var e = await Assert.ThrowsAsync<StoreException>(() => folder.OpenAsync());
        Assert.Contains("update PersonaTune", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Exchanged_contents_are_refused_when_they_are_read()
    {
        using var folder = new StoreFolder();
        await FillAsync(folder);
        folder.Sql("UPDATE records SET sealed = (SELECT sealed FROM records WHERE sequence = 4) WHERE sequence = 3");
        await using var store = await folder.OpenAsync(); // places and versions are as they were
        await Assert.ThrowsAsync<TamperedException>(async () => await store.Examples.ListAsync("ada", "messages").ToListAsync());
    }

    [Fact]
    public async Task A_truncated_database_is_refused_at_every_page()
    {
        using var folder = new StoreFolder();
        await FillAsync(folder);
        var whole = await File.ReadAllBytesAsync(folder.Database);
        for (var length = 1; length < whole.Length; length += 1024)
        {
            await File.WriteAllBytesAsync(folder.Database, whole[..length]);
            await Assert.ThrowsAnyAsync<StoreException>(async () =>
            {
                await using var store = await folder.OpenAsync();
                await store.Examples.ListAsync("ada", "messages").ToListAsync();
            });
        }
        await File.WriteAllBytesAsync(folder.Database, []);
        await Assert.ThrowsAnyAsync<StoreException>(() => folder.OpenAsync());
        File.Delete(folder.Database);
        await Assert.ThrowsAsync<StoreNotFoundException>(() => folder.OpenAsync());
        await File.WriteAllBytesAsync(folder.Database, whole);
        await using var restored = await folder.OpenAsync();
        Assert.Equal(20, await restored.Examples.CountAsync("ada", "messages"));
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_refused()
    {
        using var folder = new StoreFolder();
        await FillAsync(folder);
        await File.WriteAllTextAsync(folder.Database, new string('x', 8192));
        await Assert.ThrowsAsync<StoreCorruptException>(() => folder.OpenAsync());
    }

    [Fact]
    public async Task Files_show_neither_names_nor_contents()
    {
        using var folder = new StoreFolder();
        await using (var store = await folder.OpenAsync())
        {
            await store.Examples.AddAsync("ada-the-user", "collection-of-messages", "the secret text"u8.ToArray(), ExampleKind.Text, StoreFolder.Noon);
            await store.Blobs.PutAsync("ada-the-user", "collection-of-blobs", "name-of-blob", "the secret text"u8.ToArray());
        }
        foreach (var file in Directory.GetFiles(folder.Store))
        {
            var text = Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file));
            foreach (var word in (string[])["ada-the-user", "collection-of", "name-of-blob", "the secret text"])
                Assert.DoesNotContain(word, text, StringComparison.Ordinal);
        }
    }

    private static async Task FillAsync(StoreFolder folder)
    {
        await using var store = await folder.OpenAsync();
        for (var i = 0; i < 20; i++)
            await store.Examples.AddAsync("ada", "messages", Encoding.UTF8.GetBytes($"message {i} {new string('x', 40 * i)}"), ExampleKind.Text, StoreFolder.Noon);
        await store.Examples.AddAsync("bob", "messages", "his"u8.ToArray(), ExampleKind.Text, StoreFolder.Noon);
    }
}

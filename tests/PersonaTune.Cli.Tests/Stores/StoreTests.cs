using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Tests.Running;

namespace PersonaTune.Cli.Tests.Stores;

public sealed class StoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Messages_are_added_listed_exported_and_forgotten()
    {
        var file = _folder.Write("a.txt", "omw gimme 10\nsay less\nomw gimme 10\n");
        var added = (await RunAsync("add", file, "--json")).Expect(ExitCode.Success).Json();
        Assert.Equal(3, added.GetProperty("added").GetInt32());

        // The same file, grown: only what is new is added, and a repeated message counts as often as it is repeated.
        _folder.Write("a.txt", "omw gimme 10\nsay less\nomw gimme 10\nomw gimme 10\nlegend\n");
        var grown = (await RunAsync("add", file, "--json")).Expect(ExitCode.Success).Json();
        Assert.Equal((2, 3, 5), (grown.GetProperty("added").GetInt32(), grown.GetProperty("known").GetInt32(), grown.GetProperty("total").GetInt32()));

        var list = (await RunAsync("list", "--limit", "2", "--json")).Expect(ExitCode.Success).Json();
        Assert.Equal(5, list.GetProperty("count").GetInt32());
        Assert.Equal(["omw gimme 10", "legend"], list.GetProperty("messages").EnumerateArray().Select(m => m.GetProperty("text").GetString()));

        var exported = (await RunAsync("export", "--quiet")).Expect(ExitCode.Success);
        Assert.Equal(5, exported.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);

        var forgotten = (await RunAsync("forget", "--containing", "OMW", "--json")).Expect(ExitCode.Success).Json();
        Assert.Equal(3, forgotten.GetProperty("deleted").GetInt32());
        var id = (await RunAsync("list", "--json")).Json().GetProperty("messages")[0].GetProperty("id").GetString()!;
        (await RunAsync("forget", "--id", id)).Expect(ExitCode.Success);
        (await RunAsync("forget", "--id", id)).Expect(ExitCode.NothingToDo);
        (await RunAsync("forget", "--id", "zzz")).Expect(ExitCode.Usage);
        Assert.Equal(1, (await RunAsync("list", "--json")).Json().GetProperty("count").GetInt32());
    }

    [Fact]
    public async Task A_file_of_several_people_needs_a_choice()
    {
        var file = _folder.Write("two.jsonl", """
            {"user": "a", "text": "one", "time": "2026-03-02T10:00:00Z"}
            {"user": "b", "text": "two", "time": "2026-03-02 11:00:00"}
            """);
        var refused = (await RunAsync("add", file)).Expect(ExitCode.BadInput);
        Assert.Contains("2 users", refused.Error, StringComparison.Ordinal);
        Assert.Equal(1, (await RunAsync("add", file, "--from", "b", "--json")).Expect(ExitCode.Success).Json().GetProperty("added").GetInt32());
        Assert.Equal(1, (await RunAsync("add", file, "--from", "b", "--json")).Json().GetProperty("known").GetInt32());
        (await RunAsync("add", file, "--from", "c")).Expect(ExitCode.NothingToDo);
    }

    [Fact]
    public async Task Everything_of_a_user_is_erased_only_on_confirmation()
    {
        (await RunAsync("add", "--text", "hello")).Expect(ExitCode.Success);
        (await RunAsync("add", "--text", "hi", "--user", "you")).Expect(ExitCode.Success);
        (await RunAsync("forget", "--everything")).Expect(ExitCode.Usage);
        Assert.Equal(1, (await RunAsync("list", "--json")).Json().GetProperty("count").GetInt32());
        (await RunAsync("forget", "--everything", "--yes")).Expect(ExitCode.Success);
        var left = (await RunAsync("list", "--json", "--user", "you")).Expect(ExitCode.Success).Json();
        Assert.Equal(["you"], left.GetProperty("users").EnumerateArray().Select(user => user.GetString()));
        (await RunAsync("forget", "--everything", "--yes")).Expect(ExitCode.NothingToDo);
    }

    [Fact]
    public async Task A_wrong_passphrase_a_wrong_key_and_a_changed_byte_are_refused()
    {
        var store = _folder["sealed"];
        var right = new Dictionary<string, string> { ["PERSONATUNE_PASSPHRASE"] = "correct horse" };
        (await ToolRun.RunAsync(["store", "add", "--text", "secret", "--store", store], right, null, default)).Expect(ExitCode.Success);
        var wrong = new Dictionary<string, string> { ["PERSONATUNE_PASSPHRASE"] = "wrong horse" };
        var refused = (await ToolRun.RunAsync(["store", "list", "--store", store], wrong, null, default)).Expect(ExitCode.StoreRefused);
        Assert.Contains("passphrase", refused.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", refused.Out + refused.Error, StringComparison.Ordinal);

        var file = _folder.Write("pass", "correct horse\nignored\n");
        (await ToolRun.RunAsync("store", "list", "--store", store, "--passphrase-file", file)).Expect(ExitCode.Success);
        (await ToolRun.RunAsync("store", "list", "--store", store, "--passphrase-file", _folder.Write("empty", "\n"))).Expect(ExitCode.BadInput);
        (await ToolRun.RunAsync("store", "list", "--store", store, "--key-file", _folder["none"])).Expect(ExitCode.BadInput);

        // A new passphrase replaces the old one.
        (await ToolRun.RunAsync("store", "rotate", "--store", store, "--passphrase-file", file, "--new-passphrase-file", _folder.Write("new", "battery staple"))).Expect(ExitCode.Success);
        (await ToolRun.RunAsync(["store", "list", "--store", store], right, null, default)).Expect(ExitCode.StoreRefused);
        (await ToolRun.RunAsync("store", "list", "--store", store, "--passphrase-file", _folder["new"])).Expect(ExitCode.Success);
    }

    [Theory]
    [InlineData]
    [InlineData("--records")]
    public async Task Rotation_keeps_every_message(params string[] options)
    {
        (await RunAsync("add", "--text", "hello", "--text", "again")).Expect(ExitCode.Success);
        var before = (await RunAsync("rotate", "--json")).Expect(ExitCode.Success).Json().GetProperty("masterEpoch").GetInt64();
        var after = (await RunAsync(["rotate", "--json", .. options])).Expect(ExitCode.Success).Json().GetProperty("masterEpoch").GetInt64();
        Assert.True(after > before);
        Assert.Equal(2, (await RunAsync("list", "--json")).Expect(ExitCode.Success).Json().GetProperty("count").GetInt32());
    }

    [Fact]
    public async Task A_store_that_is_not_there_is_not_made_by_reading()
    {
        (await RunAsync("list")).Expect(ExitCode.NothingToDo);
        (await ToolRun.RunAsync("adapter", "list", "--store", _folder["store"], "--key-file", _folder["key"])).Expect(ExitCode.NothingToDo);
        Assert.False(Directory.Exists(_folder["store"]));
    }

    private Task<ToolResult> RunAsync(params string[] args) => ToolRun.RunAsync(["store", .. args, "--store", _folder["store"], "--key-file", _folder["key"]]);
}

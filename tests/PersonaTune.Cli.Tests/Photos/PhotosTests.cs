using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Tests.Running;

namespace PersonaTune.Cli.Tests.Photos;

public sealed class PhotosTests : IDisposable
{
    private static readonly string Pictures = Path.Combine(SharedData.SolutionRoot, "examples", "PhotoLabels", "pictures");
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Labels_are_learned_suggested_renamed_merged_searched_and_forgotten()
    {
        var learned = (await RunAsync("learn", Path.Combine(Pictures, "teach"), "--json", "--quiet")).Expect(ExitCode.Success).Json();
        Assert.Equal((24, 6), (learned.GetProperty("photos").GetInt32(), learned.GetProperty("labels").GetInt32()));

        var label = (await RunAsync("label", Path.Combine(Pictures, "test", "the beach"), "--json")).Expect(ExitCode.Success).Json();
        var photos = label.GetProperty("photos").EnumerateArray().ToArray();
        Assert.Equal(6, photos.Length);
        Assert.True(photos.Count(photo => photo.GetProperty("labels")[0].GetProperty("label").GetString() == "the beach") >= 5);
        Assert.Contains("the beach", (await RunAsync("label", Path.Combine(Pictures, "test", "the beach", "01.jpg"))).Expect(ExitCode.Success).Out, StringComparison.Ordinal);

        Assert.Equal("Costa", (await RunAsync("rename", "the beach", "Costa", "--json")).Expect(ExitCode.Success).Json().GetProperty("to").GetString());
        Assert.Contains("Costa: 4 pictures", (await RunAsync("list")).Expect(ExitCode.Success).Out, StringComparison.Ordinal);
        var search = (await RunAsync("search", Path.Combine(Pictures, "teach", "the beach", "02.jpg"), "--count", "2", "--json")).Expect(ExitCode.Success).Json();
        Assert.Equal("Costa", search.GetProperty("matches")[0].GetProperty("label").GetString());

        Assert.Equal("our garden", (await RunAsync("merge", "Costa", "our garden", "--json")).Expect(ExitCode.Success).Json().GetProperty("into").GetString());
        (await RunAsync("label", Path.Combine(Pictures, "test", "the beach", "01.jpg"))).Expect(ExitCode.NothingToDo);
        (await RunAsync("learn", "--head-only", "--quiet")).Expect(ExitCode.Success);
        var listed = (await RunAsync("list", "--photos", "--json")).Expect(ExitCode.Success).Json();
        Assert.Equal(24, listed.GetProperty("photos").GetArrayLength());
        var id = listed.GetProperty("photos")[0].GetProperty("id").GetString()!;
        Assert.Equal(1, (await RunAsync("forget", "--photo", id, "--json")).Expect(ExitCode.Success).Json().GetProperty("deleted").GetInt32());
        Assert.Equal(8, (await RunAsync("forget", "--label", "our garden", "--json")).Expect(ExitCode.Success).Json().GetProperty("deleted").GetInt32());
    }

    [Fact]
    public async Task Wrong_inputs_are_explained()
    {
        var text = _folder.Write("note.jpg", "no picture at all");
        Assert.Contains("no picture of a known format", (await RunAsync("learn", text, "--label", "x")).Expect(ExitCode.BadInput).Error, StringComparison.Ordinal);
        Assert.Contains("no such file", (await RunAsync("learn", "/no/such.jpg", "--label", "x")).Expect(ExitCode.BadInput).Error, StringComparison.Ordinal);
        Assert.Contains("--label", (await RunAsync("learn", Path.Combine(Pictures, "teach", "my mug", "01.jpg"))).Expect(ExitCode.Usage).Error, StringComparison.Ordinal);
        (await RunAsync("label", text)).Expect(ExitCode.BadInput);
        (await RunAsync("list")).Expect(ExitCode.NothingToDo);
        Assert.Equal(4, (await RunAsync("learn", Path.Combine(Pictures, "teach", "my mug"), "--label", "my mug", "--later", "--json")).Expect(ExitCode.Success).Json().GetProperty("stored").GetInt32());
        Assert.Contains("no label 'x'; known are: 'my mug'", (await RunAsync("rename", "x", "y")).Expect(ExitCode.NothingToDo).Error, StringComparison.Ordinal);
        (await RunAsync("forget")).Expect(ExitCode.Usage);
        Assert.Contains("no picture encoder", (await RunAsync("list", "--encoder", text)).Expect(ExitCode.BadInput).Error, StringComparison.Ordinal);
        Assert.Contains("'llama' is no picture encoder", (await RunAsync("list", "--encoder", Path.Combine(SharedData.SolutionRoot, "models", "keyboard-base-q8_0.gguf"))).Expect(ExitCode.BadInput).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Labels_travel_from_one_store_to_another()
    {
        string[] phone = ["--store", _folder["store"], "--key-file", _folder["key"]], tablet = ["--store", _folder["tablet"], "--key-file", _folder["tablet.key"]];
        (await RunAsync("learn", Path.Combine(Pictures, "teach"), "--head-only", "--quiet")).Expect(ExitCode.Success);
        (await ToolRun.RunAsync(["store", "add", "--text", "hello", .. tablet])).Expect(ExitCode.Success);
        Assert.Contains("no trained labels", (await ToolRun.RunAsync(["photos", "export", _folder["x.ptad"], "--audience", "album", .. tablet])).Expect(ExitCode.NothingToDo).Error, StringComparison.Ordinal);
        var (signing, transfer) = ((await ToolRun.RunAsync(["adapter", "keys", "--json", .. phone])).Expect(ExitCode.Success).Json().GetProperty("signingKey").GetString()!,
            (await ToolRun.RunAsync(["adapter", "keys", "--json", .. tablet])).Expect(ExitCode.Success).Json().GetProperty("transferKey").GetString()!);
        (await ToolRun.RunAsync("adapter", "trust", _folder["trust.json"], "--audience", "album", "--pin", signing)).Expect(ExitCode.Success);
        Assert.Contains("6 labels as me.photos version 2 for 'album'", (await RunAsync("export", _folder["a.ptad"], "--audience", "album", "--recipient", transfer, "--bundle-version", "2")).Expect(ExitCode.Success).Out, StringComparison.Ordinal);
        Assert.Contains("--force", (await RunAsync("export", _folder["a.ptad"], "--audience", "album")).Expect(ExitCode.Usage).Error, StringComparison.Ordinal);
        string[] import = ["photos", "import", _folder["a.ptad"], "--trust", _folder["trust.json"]];
        Assert.Contains("--whole", (await ToolRun.RunAsync([.. import, "--encrypted", "--whole", .. tablet])).Expect(ExitCode.Usage).Error, StringComparison.Ordinal);
        (await ToolRun.RunAsync([.. import, .. tablet])).Expect(ExitCode.BadInput);
        (await ToolRun.RunAsync([.. import, "--encrypted", .. phone])).Expect(ExitCode.StoreRefused);
        var imported = (await ToolRun.RunAsync([.. import, "--encrypted", "--json", .. tablet])).Expect(ExitCode.Success).Json();
        Assert.Equal((6, false, 2), (imported.GetProperty("labels").GetArrayLength(), imported.GetProperty("adapter").GetBoolean(), imported.GetProperty("version").GetInt32()));
        Assert.Contains("is in use", (await ToolRun.RunAsync([.. import, "--encrypted", .. tablet])).Expect(ExitCode.NothingToDo).Error, StringComparison.Ordinal);

        string[] label = ["photos", "label", Path.Combine(Pictures, "test", "the beach"), "--json"];
        Assert.Equal((await ToolRun.RunAsync([.. label, .. phone])).Expect(ExitCode.Success).Out, (await ToolRun.RunAsync([.. label, .. tablet])).Expect(ExitCode.Success).Out);
        Assert.Contains("would lose 6 labels", (await ToolRun.RunAsync(["photos", "learn", Path.Combine(Pictures, "teach", "my mug"), "--label", "cup", "--quiet", .. tablet])).Expect(ExitCode.NothingToDo).Error, StringComparison.Ordinal);

        (await RunAsync("export", _folder["old.ptad"], "--audience", "album")).Expect(ExitCode.Success);
        Assert.Contains("version 2 was accepted", (await ToolRun.RunAsync(["photos", "import", _folder["old.ptad"], "--trust", _folder["trust.json"], .. tablet])).Expect(ExitCode.BadInput).Error, StringComparison.Ordinal);
        Assert.Contains("is not encrypted", (await RunAsync("export", _folder["b.ptad"], "--audience", "album", "--bundle-version", "3", "--name", "me.photos", "--days", "1")).Expect(ExitCode.Success).Error, StringComparison.Ordinal);
        string[] newer = ["photos", "import", _folder["b.ptad"], "--trust", _folder["trust.json"]];
        Assert.Contains("--replace", (await ToolRun.RunAsync([.. newer, .. tablet])).Expect(ExitCode.Usage).Error, StringComparison.Ordinal);
        (await ToolRun.RunAsync([.. newer, "--replace", .. tablet])).Expect(ExitCode.Success);
        var other = SharedData.Reference("vision", "photo-base-f16.gguf");
        Assert.Contains("were learned on encoder", (await ToolRun.RunAsync([.. newer, "--encoder", other, "--user", "eve", .. tablet])).Expect(ExitCode.WrongBase).Error, StringComparison.Ordinal);
        (await ToolRun.RunAsync("adapter", "trust", _folder["trust.json"], "--revoke", signing)).Expect(ExitCode.Success);
        Assert.Contains("revoked", (await ToolRun.RunAsync([.. newer, "--user", "eve", .. tablet])).Expect(ExitCode.BadInput).Error, StringComparison.Ordinal);
        (await ToolRun.RunAsync(["photos", "import", _folder["b.ptad"], .. tablet])).Expect(ExitCode.Usage);
    }

    private Task<ToolResult> RunAsync(string command, params string[] args) =>
        ToolRun.RunAsync(["photos", command, .. args, "--store", _folder["store"], "--key-file", _folder["key"]]);
}

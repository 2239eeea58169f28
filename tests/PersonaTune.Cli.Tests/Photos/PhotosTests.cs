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

        (await RunAsync("rename", "the beach", "Costa")).Expect(ExitCode.Success);
        Assert.Contains("Costa: 4 pictures", (await RunAsync("list")).Expect(ExitCode.Success).Out, StringComparison.Ordinal);
        var search = (await RunAsync("search", Path.Combine(Pictures, "teach", "the beach", "02.jpg"), "--count", "2", "--json")).Expect(ExitCode.Success).Json();
        Assert.Equal("Costa", search.GetProperty("matches")[0].GetProperty("label").GetString());

        (await RunAsync("merge", "Costa", "our garden")).Expect(ExitCode.Success);
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
        (await RunAsync("learn", Path.Combine(Pictures, "teach", "my mug"), "--label", "my mug", "--later")).Expect(ExitCode.Success);
        Assert.Contains("no label 'x'; known are: 'my mug'", (await RunAsync("rename", "x", "y")).Expect(ExitCode.NothingToDo).Error, StringComparison.Ordinal);
        (await RunAsync("forget")).Expect(ExitCode.Usage);
        Assert.Contains("no picture encoder", (await RunAsync("list", "--encoder", text)).Expect(ExitCode.BadInput).Error, StringComparison.Ordinal);
        Assert.Contains("'llama' is no picture encoder", (await RunAsync("list", "--encoder", Path.Combine(SharedData.SolutionRoot, "models", "keyboard-base-q8_0.gguf"))).Expect(ExitCode.BadInput).Error, StringComparison.Ordinal);
    }

    private Task<ToolResult> RunAsync(string command, params string[] args) =>
        ToolRun.RunAsync(["photos", command, .. args, "--store", _folder["store"], "--key-file", _folder["key"]]);
}

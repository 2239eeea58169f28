using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Tests.Running;

namespace PersonaTune.Cli.Tests.Adapters;

/// <summary>A global adapter beneath personal ones, and imported adapters that must prove themselves.</summary>
[Trait("Duration", "Long")]
public sealed class AdapterBeneathTests : IDisposable
{
    private static readonly string Base = Path.Combine(SharedData.SolutionRoot, "models", "keyboard-base-q8_0.gguf");
    private static readonly string[] Kai = File.ReadAllLines(Path.Combine(SharedData.SolutionRoot, "examples", "KeyboardStyle", "messages", "kai.jsonl"));
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Training_goes_on_above_a_global_adapter_and_imports_are_gated()
    {
        var (early, late) = (_folder.Write("early.jsonl", string.Join('\n', Kai.Take(100))), _folder.Write("late.jsonl", string.Join('\n', Kai.Skip(100).Take(80))));
        (await RunAsync("phone", "learn", early, "--epochs", "2", "--quiet")).Expect(ExitCode.Success);
        (await RunAsync("phone", "adapter", "show", "--out", _folder["kai.gguf"])).Expect(ExitCode.Success);
        (await ToolRun.RunAsync("adapter", "convert", _folder["kai.gguf"], _folder["kai.safetensors"], "--to", "safetensors", "--model", Base)).Expect(ExitCode.Success);

        // Imported: better than the base on this person's messages, but no better than itself.
        (await RunAsync("tablet", "store", "add", late)).Expect(ExitCode.Success);
        var better = (await RunAsync("tablet", "adapter", "import", _folder["kai.gguf"], "--unsigned", "--if-better", "--json")).Expect(ExitCode.Success).Json();
        Assert.Equal("Active", better.GetProperty("state").GetString());
        Assert.StartsWith("held-out loss fell by", better.GetProperty("gate").GetString(), StringComparison.Ordinal);
        Assert.True(better.GetProperty("heldOutAfter").GetProperty("loss").GetDouble() < better.GetProperty("heldOutBefore").GetProperty("loss").GetDouble());
        (await ToolRun.RunAsync("adapter", "merge", _folder["opposite.gguf"], "--adapter", _folder["kai.gguf"] + ":-1", "--model", Base, "--adapter-only")).Expect(ExitCode.Success);
        var worse = (await RunAsync("tablet", "adapter", "import", _folder["opposite.gguf"], "--unsigned", "--if-better")).Expect(ExitCode.GateRejected);
        Assert.Contains("stored, not in use", worse.Out, StringComparison.Ordinal);
        Assert.Contains("does not beat", worse.Out, StringComparison.Ordinal);
        (await RunAsync("tablet", "adapter", "import", _folder["kai.safetensors"], "--unsigned", "--if-better", "--activate")).Expect(ExitCode.Usage);

        // Beneath: installed once, used by every command of the store until it is taken away.
        (await RunAsync("laptop", "adapter", "global", "--clear")).Expect(ExitCode.NothingToDo);
        var installed = (await RunAsync("laptop", "adapter", "global", _folder["kai.gguf"], "--scale", "0.5", "--json")).Expect(ExitCode.Success).Json();
        Assert.Equal(("kai.gguf", 0.5), (installed.GetProperty("name").GetString(), installed.GetProperty("scale").GetDouble()));
        (await RunAsync("laptop", "adapter", "global", _folder["missing.gguf"])).Expect(ExitCode.BadInput);
        (await RunAsync("laptop", "adapter", "global", _folder["kai.gguf"], "--clear")).Expect(ExitCode.Usage);
        (await RunAsync("laptop", "adapter", "global", "--scale", "2")).Expect(ExitCode.Usage);
        Assert.Contains("adapter: kai.gguf", (await RunAsync("laptop", "suggest", "omw gi")).Expect(ExitCode.Success).Error, StringComparison.Ordinal);
        var learned = (await RunAsync("laptop", "learn", late, "--epochs", "2", "--json", "--quiet")).Expect(ExitCode.Success).Json().GetProperty("adapter");
        Assert.Equal(64, learned.GetProperty("global").GetString()!.Length);
        Assert.Contains(" on kai.gguf", (await RunAsync("laptop", "suggest", "omw gi")).Expect(ExitCode.Success).Error, StringComparison.Ordinal);
        Assert.Contains("with global adapter", (await RunAsync("laptop", "adapter", "show")).Expect(ExitCode.Success).Out, StringComparison.Ordinal);
        Assert.Contains("kai.gguf (scale 0.5)", (await RunAsync("laptop", "adapter", "global")).Expect(ExitCode.Success).Out, StringComparison.Ordinal);
        (await RunAsync("laptop", "adapter", "global", "--clear")).Expect(ExitCode.Success);
        Assert.Contains("no global adapter", (await RunAsync("laptop", "adapter", "global")).Expect(ExitCode.Success).Out, StringComparison.Ordinal);
        Assert.DoesNotContain(" on kai.gguf", (await RunAsync("laptop", "suggest", "omw gi")).Expect(ExitCode.Success).Error, StringComparison.Ordinal);
    }

    private Task<ToolResult> RunAsync(string device, params string[] arguments) =>
        ToolRun.RunAsync([.. arguments, "--store", _folder[device], "--key-file", _folder[device + ".key"]]);
}

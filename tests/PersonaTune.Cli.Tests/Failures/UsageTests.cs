using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Tests.Running;

namespace PersonaTune.Cli.Tests.Failures;

public sealed class UsageTests
{
    [Theory]
    [InlineData("no-such-command")]
    [InlineData("inspect tokens")]
    [InlineData("inspect tokens --ids 1 --text a")]
    [InlineData("inspect logits --ids 1 --scale 0.5")]
    [InlineData("store forget")]
    [InlineData("store forget --everything --containing x")]
    [InlineData("store list --limit -1")]
    [InlineData("train --resume --restart")]
    [InlineData("train --epochs 0")]
    [InlineData("train --targets head,nose")]
    [InlineData("adapter list --threads -1")]
    [InlineData("adapter delete")]
    [InlineData("quantize only-one")]
    [InlineData("generate --temperature -1 x")]
    [InlineData("inspect")]
    public async Task A_wrong_command_line_ends_with_2_and_says_why(string line)
    {
        var result = (await ToolRun.RunAsync(line.Split(' '))).Expect(ExitCode.Usage);
        Assert.Equal(string.Empty, result.Out);
        Assert.StartsWith("personatune: ", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_goes_to_stdout_and_succeeds()
    {
        var result = (await ToolRun.RunAsync("store", "forget", "--help")).Expect(ExitCode.Success);
        Assert.Contains("--everything", result.Out, StringComparison.Ordinal);
        Assert.Equal(string.Empty, result.Error);
    }

    [Fact]
    public async Task Without_a_passphrase_the_store_is_not_opened()
    {
        using var folder = new TemporaryFolder();
        var result = (await ToolRun.RunAsync("store", "add", "--text", "hello", "--store", folder["store"])).Expect(ExitCode.Usage);
        Assert.Contains("PERSONATUNE_PASSPHRASE", result.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["store"]));
    }

    [Fact]
    public async Task Verbose_shows_the_stack_trace()
    {
        var brief = (await ToolRun.RunAsync("inspect", "/no/such/file.gguf")).Expect(ExitCode.BadInput);
        Assert.Equal("personatune: /no/such/file.gguf: no such file", brief.Error.TrimEnd());
        var verbose = (await ToolRun.RunAsync("inspect", "/no/such/file.gguf", "--verbose")).Expect(ExitCode.BadInput);
        Assert.Contains("   at ", verbose.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_real_process_returns_the_exit_codes()
    {
        (await ToolProcess.RunAsync("--version")).Expect(ExitCode.Success);
        (await ToolProcess.RunAsync("inspect", SharedData.Reference("models", "llama.gguf"), "--json")).Expect(ExitCode.Success).Json();
        (await ToolProcess.RunAsync("inspect", "tokens")).Expect(ExitCode.Usage);
        (await ToolProcess.RunAsync("inspect", "/no/such/file.gguf")).Expect(ExitCode.BadInput);
    }
}

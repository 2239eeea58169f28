using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Terminal;
using PersonaTune.Cli.Tests.Running;

namespace PersonaTune.Cli.Tests.Stores;

/// <summary>At a terminal the passphrase is asked for: twice for a new store, once for an existing one.</summary>
public sealed class PassphrasePromptTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_new_store_asks_twice_and_an_existing_one_once()
    {
        Assert.Equal(ExitCode.Usage, (await RunAsync(["correct horse", "correct house"], "add", "--text", "hello")).Code);
        Assert.Equal(ExitCode.Usage, (await RunAsync([""], "add", "--text", "hello")).Code);
        Assert.False(Directory.Exists(_folder["store"]));

        var made = await RunAsync(["correct horse", "correct horse"], "add", "--text", "hello");
        Assert.Equal(ExitCode.Success, made.Code);
        Assert.Contains("The same again", made.Error, StringComparison.Ordinal);
        var opened = await RunAsync(["correct horse"], "list");
        Assert.Equal(ExitCode.Success, opened.Code);
        Assert.Contains("hello", opened.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("correct horse", opened.Out + opened.Error + made.Out + made.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.StoreRefused, (await RunAsync(["wrong"], "list")).Code);
    }

    private async Task<ToolResult> RunAsync(string[] typed, params string[] args)
    {
        var secrets = new Queue<string>(typed);
        using var output = new StringWriter();
        using var error = new StringWriter();
        var console = new ToolConsole { Out = output, Error = error, In = TextReader.Null, CanPrompt = true, ReadSecret = secrets.Dequeue };
        var code = await Tool.RunAsync(["store", .. args, "--store", _folder["store"]], console, CancellationToken.None);
        return new ToolResult(code, output.ToString(), error.ToString());
    }
}

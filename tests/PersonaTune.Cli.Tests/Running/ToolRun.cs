using PersonaTune.Cli.Terminal;

namespace PersonaTune.Cli.Tests.Running;

/// <summary>Runs the tool's whole command tree in this process, with its streams and environment replaced.</summary>
internal static class ToolRun
{
    public static Task<ToolResult> RunAsync(params string[] args) => RunAsync(args, null, null, CancellationToken.None);

    public static async Task<ToolResult> RunAsync(string[] args, Dictionary<string, string>? environment, string? input, CancellationToken cancellation)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var console = new ToolConsole
        {
            Out = output,
            Error = error,
            In = new StringReader(input ?? string.Empty),
            Environment = name => environment?.GetValueOrDefault(name),
            DataFolder = Path.Combine(Path.GetTempPath(), "personatune-tests-have-no-data-folder"),
        };
        var code = await Tool.RunAsync(args, console, cancellation);
        return new ToolResult(code, output.ToString(), error.ToString());
    }
}

using System.Diagnostics;

namespace PersonaTune.Cli.Tests.Running;

/// <summary>Runs the built tool as a process of its own.</summary>
internal static class ToolProcess
{
    public static Process Start(params string[] args) => Start(args, []);

    public static Process Start(string[] args, Dictionary<string, string> environment)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
        };
        start.ArgumentList.Add(typeof(Tool).Assembly.Location);
        foreach (var argument in args) start.ArgumentList.Add(argument);
        start.Environment.Remove("PERSONATUNE_PASSPHRASE");
        foreach (var (name, value) in environment) start.Environment[name] = value;
        var process = Process.Start(start) ?? throw new InvalidOperationException("dotnet did not start");
        process.StandardInput.Close();
        return process;
    }

    public static Task<ToolResult> RunAsync(params string[] args) => ResultAsync(Start(args));

    /// <summary>Waits for the end, two minutes at most.</summary>
    public static async Task<ToolResult> ResultAsync(Process process)
    {
        using (process)
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var error = process.StandardError.ReadToEndAsync(limit.Token);
            try
            {
                await process.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                throw;
            }

            return new ToolResult(process.ExitCode, await output, await error);
        }
    }
}

using System.Diagnostics;
using PersonaTune.FaultProbe;

namespace PersonaTune.Device.Tests.Faults;

/// <summary>Starts the fault probe, lets it work for a while once it is ready, kills it with SIGKILL, and returns what it said.</summary>
internal static class ProbeProcess
{
    /// <summary>Whole lines without their end mark, the first one (<c>ready</c>) left out.</summary>
    public static async Task<List<string>> RunAndKillAsync(TimeSpan afterReady, params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add("exec");
        start.ArgumentList.Add(typeof(ProbeStore).Assembly.Location);
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        try
        {
            var lines = new List<string>();
            var first = await process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromMinutes(2));
            Assert.True(string.Equals(first, "ready .", StringComparison.Ordinal), $"the probe said '{first}': {(first is null ? await errors : "")}");
            await Task.Delay(afterReady);
            Assert.False(process.HasExited, "the probe ended by itself");
            process.Kill();
            while (await process.StandardOutput.ReadLineAsync() is { } line)
                if (line.EndsWith(" .", StringComparison.Ordinal)) lines.Add(line[..^2]);
            await process.WaitForExitAsync();
            Assert.Empty(await errors);
            return lines;
        }
        finally
        {
            if (!process.HasExited) process.Kill();
        }
    }
}

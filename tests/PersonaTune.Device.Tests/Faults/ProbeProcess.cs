using System.Diagnostics;
using PersonaTune.FaultProbe;

namespace PersonaTune.Device.Tests.Faults;

/// <summary>
/// Starts the fault probe, lets it finish some operations and then work a little longer, kills it with SIGKILL, and returns what
/// it said. Counting operations keeps the kills inside the work on a slow machine too.
/// </summary>
internal static class ProbeProcess
{
    /// <summary>Whole lines without their end mark, the first one (<c>ready</c>) left out.</summary>
    public static async Task<List<string>> RunAndKillAsync(int acknowledgements, TimeSpan longer, params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            UseShellExecute = false,
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
            for (var count = 0; count < acknowledgements;)
            {
                var line = await process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromMinutes(2));
                Assert.True(line is not null, $"the probe ended by itself: {(line is null ? await errors : "")}");
                lines.Add(line![..^2]);
                if (line.StartsWith("ack ", StringComparison.Ordinal)) count++;
            }
            await Task.Delay(longer);
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

using System.Diagnostics;

namespace PersonaTune.Aggregator.Tests.Dashboard;

/// <summary>Runs the scripts of <c>tests/dashboard</c> in a real browser against the page and fixture figures.</summary>
public sealed class DashboardBrowserTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    [BrowserFact]
    [Trait("Duration", "Long")]
    public async Task The_page_works_in_a_browser()
    {
        await using var host = await DashboardHost.StartAsync();
        var start = new ProcessStartInfo("node")
        {
            WorkingDirectory = BrowserFactAttribute.Folder,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add("--test");
        // One file after another: they share the host.
        start.ArgumentList.Add("--test-concurrency=1");
        start.ArgumentList.Add("--test-reporter=spec");
        start.Environment["DASHBOARD_URL"] = host.Address;
        start.Environment["DASHBOARD_CONTROL"] = host.ControlAddress;
        start.Environment["CHROMIUM"] = BrowserFactAttribute.Chromium ?? "chromium";
        using var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(Patience);
        var output = process.StandardOutput.ReadToEndAsync(limit.Token);
        var errors = process.StandardError.ReadToEndAsync(limit.Token);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"the browser tests had not ended after {Patience}; run 'node --test' in tests/dashboard by hand");
        }

        Assert.True(process.ExitCode == 0, $"node --test ended with {process.ExitCode}:\n{await output}\n{await errors}");
    }
}

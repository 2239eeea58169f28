namespace PersonaTune.Aggregator.Tests.Dashboard;

/// <summary>
/// A fact that drives a browser. Without Node, Chromium or the packages of <c>tests/dashboard</c> it is skipped with a message that names what is missing; in CI
/// (<c>CI=true</c>) it is never skipped.
/// </summary>
public sealed class BrowserFactAttribute : FactAttribute
{
    /// <summary>Creates the attribute.</summary>
    public BrowserFactAttribute() => Skip = Reason();

    /// <summary>Chromium's path: <c>CHROMIUM</c>, or the first on the path.</summary>
    public static string? Chromium =>
        Environment.GetEnvironmentVariable("CHROMIUM") is { Length: > 0 } given ? given : Find("chromium") ?? Find("chromium-browser") ?? Find("google-chrome");

    /// <summary>The folder of the browser tests.</summary>
    public static string Folder => Path.Combine(SharedData.SolutionRoot, "tests", "dashboard");

    private static string? Reason()
    {
        if (string.Equals(Environment.GetEnvironmentVariable("CI"), "true", StringComparison.OrdinalIgnoreCase)) return null;
        if (Find("node") is null) return "'node' is not on the path: install Node.js 20 or later";
        if (Chromium is null) return "'chromium' is not on the path: install it or set CHROMIUM";
        return Directory.Exists(Path.Combine(Folder, "node_modules", "playwright-core"))
            ? null
            : "tests/dashboard has no packages: run 'npm ci' in that folder";
    }

    private static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, OperatingSystem.IsWindows() ? program + ".exe" : program)).FirstOrDefault(File.Exists);
}

namespace PersonaTune.Testing;

/// <summary>
/// Finds test data. <c>tests/reference</c> is part of the repository; the larger "shared" folder stands beside the
/// checkout (<c>../shared</c> from the solution root, or <c>PERSONATUNE_SHARED</c>) and may be absent outside CI.
/// </summary>
public static class SharedData
{
    /// <summary>The folder that holds <c>PersonaTune.sln</c>.</summary>
    public static string SolutionRoot { get; } = FindSolutionRoot();

    /// <summary>The shared folder, whether or not it exists.</summary>
    public static string Root { get; } =
        Environment.GetEnvironmentVariable("PERSONATUNE_SHARED") is { Length: > 0 } overridden
            ? overridden
            : Path.GetFullPath(Path.Combine(SolutionRoot, "..", "shared"));

    /// <summary>A path below the committed <c>tests/reference</c> folder.</summary>
    public static string Reference(params string[] parts) => Path.Combine([SolutionRoot, "tests", "reference", .. parts]);

    /// <summary>A path below the shared folder.</summary>
    public static string Shared(params string[] parts) => Path.Combine([Root, .. parts]);

    private static string FindSolutionRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "PersonaTune.sln"))) return folder.FullName;
        throw new DirectoryNotFoundException(
            $"no PersonaTune.sln above '{AppContext.BaseDirectory}'; run the tests from inside a checkout");
    }
}

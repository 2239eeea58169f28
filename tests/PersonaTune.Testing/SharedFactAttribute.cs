using Xunit;

namespace PersonaTune.Testing;

/// <summary>
/// A fact that needs a file or folder of the shared data. Without it the test is skipped with a message that names the
/// path; in CI (<c>CI=true</c>) it is never skipped, so that missing data fails the run.
/// </summary>
public sealed class SharedFactAttribute : FactAttribute
{
    /// <summary>Creates the attribute for a '/'-separated path below the shared folder.</summary>
    public SharedFactAttribute(string path)
    {
        Path = path;
        Skip = SharedSkip.Reason(path);
    }

    /// <summary>The '/'-separated path below the shared folder.</summary>
    public string Path { get; }
}

using Xunit;

namespace PersonaTune.Testing;

/// <summary>A theory that needs a file or folder of the shared data; see <see cref="SharedFactAttribute"/>.</summary>
public sealed class SharedTheoryAttribute : TheoryAttribute
{
    /// <summary>Creates the attribute for a '/'-separated path below the shared folder.</summary>
    public SharedTheoryAttribute(string path)
    {
        Path = path;
        Skip = SharedSkip.Reason(path);
    }

    /// <summary>The '/'-separated path below the shared folder.</summary>
    public string Path { get; }
}

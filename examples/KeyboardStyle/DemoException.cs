namespace KeyboardStyle;

/// <summary>Something that the person at the terminal can put right; the message says how.</summary>
internal sealed class DemoException(int exitCode, string message) : Exception(message)
{
    /// <summary>2: wrong arguments, 3: a file that cannot be used, 7: too few messages.</summary>
    public int ExitCode { get; } = exitCode;
}

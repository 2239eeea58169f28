namespace PersonaTune.Cli.Failures;

/// <summary>A failure that the tool itself finds; the message is shown as it is.</summary>
internal sealed class ToolException(int code, string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>One of <see cref="ExitCode"/>.</summary>
    public int Code { get; } = code;
}

namespace PersonaTune.Engine.Formats;

/// <summary>A file (GGUF, safetensors, tokenizer.json, ...) does not follow its format, is truncated, or exceeds a limit.</summary>
public sealed class FileFormatException : EngineException
{
    /// <summary>Creates the exception: <paramref name="subject"/> is the file or stream as the user knows it.</summary>
    public FileFormatException(string subject, string problem, Exception? innerException = null)
        : base($"{subject}: {problem}", innerException)
    {
        Subject = subject;
        Problem = problem;
    }

    /// <summary>The file or stream.</summary>
    public string Subject { get; }

    /// <summary>What was expected and what was found.</summary>
    public string Problem { get; }
}

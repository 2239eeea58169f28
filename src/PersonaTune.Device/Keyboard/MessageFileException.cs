namespace PersonaTune.Device.Keyboard;

/// <summary>A file of messages is missing, empty, no text, or one of its lines is no message. The message quotes none of its text.</summary>
public sealed class MessageFileException : Exception
{
    /// <summary>Creates the exception; <paramref name="line"/> counts from 1, 0 for the file as a whole.</summary>
    public MessageFileException(string subject, int line, string problem, Exception? innerException = null)
        : base(line == 0 ? $"{subject}: {problem}" : $"{subject}, line {line}: {problem}", innerException) =>
        (Subject, Line, Problem) = (subject, line, problem);

    /// <summary>The file as the user knows it.</summary>
    public string Subject { get; }

    /// <summary>The line, from 1, or 0.</summary>
    public int Line { get; }

    /// <summary>What was expected, what was found, what to do.</summary>
    public string Problem { get; }
}

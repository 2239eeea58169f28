namespace PersonaTune.Device.Imaging;

/// <summary>A picture file is damaged, truncated, of an unsupported kind, or exceeds a limit.</summary>
public sealed class ImageFormatException : Exception
{
    /// <summary>Creates the exception: <paramref name="subject"/> is the file as the user knows it.</summary>
    public ImageFormatException(string subject, string problem, Exception? innerException = null) : base($"{subject}: {problem}", innerException) =>
        (Subject, Problem) = (subject, problem);

    /// <summary>The file.</summary>
    public string Subject { get; }

    /// <summary>What was expected and what was found.</summary>
    public string Problem { get; }
}

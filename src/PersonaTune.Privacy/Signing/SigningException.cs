namespace PersonaTune.Privacy.Signing;

/// <summary>Something signed was refused. <see cref="Fault"/> says why in a form that code can act upon.</summary>
public sealed class SigningException : Exception
{
    /// <summary>Creates the exception: <paramref name="subject"/> is what was refused, as the user knows it.</summary>
    public SigningException(SigningFault fault, string subject, string problem, Exception? innerException = null)
        : base($"{subject}: {problem}", innerException)
    {
        Fault = fault;
        Subject = subject;
        Problem = problem;
    }

    /// <summary>Why it was refused.</summary>
    public SigningFault Fault { get; }

    /// <summary>What was refused.</summary>
    public string Subject { get; }

    /// <summary>What was expected, what was found and what to do.</summary>
    public string Problem { get; }
}

namespace PersonaTune.Privacy.Sealing;

/// <summary>
/// A sealed value could not be made or opened. The derived types tell a wrong key or passphrase, altered data, a newer
/// format and an absurd key-derivation cost apart.
/// </summary>
public class SealException : Exception
{
    /// <summary>Creates the exception: <paramref name="subject"/> is what was sealed, as the user knows it.</summary>
    public SealException(string subject, string problem, Exception? innerException = null)
        : base($"{subject}: {problem}", innerException)
    {
        Subject = subject;
        Problem = problem;
    }

    /// <summary>What was sealed: a record, a keyring, a blob.</summary>
    public string Subject { get; }

    /// <summary>What was expected, what was found and what to do.</summary>
    public string Problem { get; }
}

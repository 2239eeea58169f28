namespace PersonaTune.Privacy.Sealing;

/// <summary>The passphrase or key does not open what it was tried on, which is itself intact as far as can be told without it.</summary>
public sealed class WrongKeyException : SealException
{
    /// <summary>Creates the exception.</summary>
    public WrongKeyException(string subject, string problem, Exception? innerException = null)
        : base(subject, problem, innerException)
    {
    }
}

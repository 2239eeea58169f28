namespace PersonaTune.Privacy.Sealing;

/// <summary>Sealed bytes were altered, truncated, moved to another place, or replaced by an older version.</summary>
public class TamperedException : SealException
{
    /// <summary>Creates the exception.</summary>
    public TamperedException(string subject, string problem, Exception? innerException = null)
        : base(subject, problem, innerException)
    {
    }
}

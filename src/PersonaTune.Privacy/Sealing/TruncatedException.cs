namespace PersonaTune.Privacy.Sealing;

/// <summary>
/// A sealed stream ends before its last chunk. What was read of it so far is authentic, but it is only a beginning: whoever
/// needs the whole must discard it.
/// </summary>
public sealed class TruncatedException : TamperedException
{
    /// <summary>Creates the exception.</summary>
    public TruncatedException(string subject, string problem, Exception? innerException = null)
        : base(subject, problem, innerException)
    {
    }
}

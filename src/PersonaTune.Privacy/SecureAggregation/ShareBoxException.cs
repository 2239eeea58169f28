namespace PersonaTune.Privacy.SecureAggregation;

/// <summary>A box did not open: it was altered, truncated, or sealed by, for, or in another session than claimed.</summary>
public sealed class ShareBoxException : SecureAggregationException
{
    /// <summary>Creates the exception.</summary>
    public ShareBoxException(string problem, Exception? innerException = null)
        : base("share box", problem, innerException)
    {
    }
}

namespace PersonaTune.Device.Storage;

/// <summary>The database file is truncated or damaged below the sealing layer.</summary>
public sealed class StoreCorruptException : StoreException
{
    /// <summary>Creates the exception.</summary>
    public StoreCorruptException(string subject, string problem, Exception? innerException = null)
        : base(subject, problem, innerException)
    {
    }
}

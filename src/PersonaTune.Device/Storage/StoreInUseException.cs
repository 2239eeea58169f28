namespace PersonaTune.Device.Storage;

/// <summary>Another process, or another object of this process, has the store open.</summary>
public sealed class StoreInUseException : StoreException
{
    /// <summary>Creates the exception.</summary>
    public StoreInUseException(string subject, Exception? innerException = null)
        : base(subject, "it is open elsewhere; close the other application or command and try again", innerException)
    {
    }
}

namespace PersonaTune.Device.Storage;

/// <summary>There is no store where one was to be opened, or a part of it is missing.</summary>
public sealed class StoreNotFoundException : StoreException
{
    /// <summary>Creates the exception.</summary>
    public StoreNotFoundException(string subject, string problem) : base(subject, problem)
    {
    }
}

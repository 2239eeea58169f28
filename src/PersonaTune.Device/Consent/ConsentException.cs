namespace PersonaTune.Device.Consent;

/// <summary>Something needs a consent that the user has not given, has withdrawn, or that has expired.</summary>
public sealed class ConsentException : Exception
{
    /// <summary>Creates the exception.</summary>
    public ConsentException(string user, ConsentPurpose purpose, string collection, string reason)
        : base($"user '{user}' has no consent for {purpose} on collection '{collection}': {reason}; ask the user and record a receipt in the consent ledger")
    {
        User = user;
        Purpose = purpose;
        Collection = collection;
        Reason = reason;
    }

    /// <summary>Who.</summary>
    public string User { get; }

    /// <summary>For what.</summary>
    public ConsentPurpose Purpose { get; }

    /// <summary>Which examples.</summary>
    public string Collection { get; }

    /// <summary>Why there is none.</summary>
    public string Reason { get; }
}

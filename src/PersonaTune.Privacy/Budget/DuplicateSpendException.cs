namespace PersonaTune.Privacy.Budget;

/// <summary>
/// A spend's reference is recorded already. After a crash nobody can know whether what the first spend paid for was released, so it counts as
/// released: a new attempt needs a new reference and is paid for again.
/// </summary>
public sealed class DuplicateSpendException : Exception
{
    /// <summary>Creates the exception.</summary>
    public DuplicateSpendException(string reference, long index)
        : base($"spend '{reference}' is recorded already as entry {index} of the ledger; what it paid for counts as released: use a new reference for a new attempt")
    {
        Reference = reference;
        Index = index;
    }

    /// <summary>The reference.</summary>
    public string Reference { get; }

    /// <summary>The entry that holds it.</summary>
    public long Index { get; }
}

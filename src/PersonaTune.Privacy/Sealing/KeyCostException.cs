namespace PersonaTune.Privacy.Sealing;

/// <summary>
/// A stored key-derivation cost lies outside the accepted range. The ceiling keeps an altered file from making the
/// process allocate or compute without bound; the floor keeps a caller from choosing a worthless cost.
/// </summary>
public sealed class KeyCostException : SealException
{
    /// <summary>Creates the exception.</summary>
    public KeyCostException(string subject, string parameter, long found, long minimum, long maximum)
        : base(subject, $"{parameter} is {found}, expected {minimum} to {maximum}; choose a cost in that range, or restore the file if it was altered")
    {
        Parameter = parameter;
        Found = found;
        Minimum = minimum;
        Maximum = maximum;
    }

    /// <summary>The parameter's name.</summary>
    public string Parameter { get; }

    /// <summary>The value found.</summary>
    public long Found { get; }

    /// <summary>The smallest accepted value.</summary>
    public long Minimum { get; }

    /// <summary>The largest accepted value.</summary>
    public long Maximum { get; }
}

namespace PersonaTune.Privacy.SecureAggregation;

/// <summary>No degree and threshold are both safe and likely to succeed for the given rates.</summary>
public sealed class InfeasibleGraphException : SecureAggregationException
{
    /// <summary>Creates the exception.</summary>
    public InfeasibleGraphException(int count, double corruptRate, double dropoutRate, bool completeGraphMayDo)
        : base("neighbour graph", FormattableString.Invariant(
            $"no degree below {count - 1} serves {count} devices with {corruptRate:P0} corrupt and {dropoutRate:P0} dropping out; ")
            + (completeGraphMayDo ? "use GraphParameters.Complete, or more devices" : "the rates are too high for the complete graph too"))
    {
        Count = count;
        CorruptRate = corruptRate;
        DropoutRate = dropoutRate;
        CompleteGraphMayDo = completeGraphMayDo;
    }

    /// <summary>The number of devices.</summary>
    public int Count { get; }

    /// <summary>The rate of corrupt devices.</summary>
    public double CorruptRate { get; }

    /// <summary>The rate of devices that drop out.</summary>
    public double DropoutRate { get; }

    /// <summary>False if the rates rule out every graph; true if only a sparse one.</summary>
    public bool CompleteGraphMayDo { get; }
}

namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// A statement of (epsilon, delta)-differential privacy, complete with the relation it holds for and the analysis that proves it.
/// </summary>
public sealed record PrivacyGuarantee
{
    /// <summary>Epsilon, 0 or more; infinite if nothing is guaranteed.</summary>
    public required double Epsilon { get; init; }

    /// <summary>Delta, 0 to 1.</summary>
    public required double Delta { get; init; }

    /// <summary>The relation between neighbouring data sets it holds for.</summary>
    public required NeighbouringRelation Relation { get; init; }

    /// <summary>The analysis that gave it.</summary>
    public required AccountingBound Bound { get; init; }
}

using PersonaTune.Privacy.Accounting;

namespace PersonaTune.Privacy.Budget;

/// <summary>
/// How much privacy loss is allowed. All limits are epsilons at the same <see cref="Delta"/> under the same <see cref="Relation"/>; each limit is
/// held by composing the events that it covers, not by adding their epsilons. Immutable and thread-safe.
/// </summary>
public sealed record PrivacyBudgetPolicy
{
    /// <summary>The target delta of every limit: above 0 and below 1; well below one over the number of users.</summary>
    public required double Delta { get; init; }

    /// <summary>The most epsilon in all; above 0.</summary>
    public required double TotalEpsilon { get; init; }

    /// <summary>The most epsilon within any 24 hours, or null for no such limit (default).</summary>
    public double? EpsilonPerDay { get; init; }

    /// <summary>The most epsilon in all for single purposes, by name; a purpose that is not listed has only the total. Default: none.</summary>
    public IReadOnlyDictionary<string, double> EpsilonPerPurpose { get; init; } = new Dictionary<string, double>(StringComparer.Ordinal);

    /// <summary>The relation under which every event is accounted (default: add or remove one).</summary>
    public NeighbouringRelation Relation { get; init; } = NeighbouringRelation.AddOrRemoveOne;

    /// <summary>Throws unless every value is in its range.</summary>
    /// <exception cref="ArgumentException">A value is out of range; the message names it.</exception>
    public void Validate()
    {
        if (!(Delta > 0 && Delta < 1)) throw new ArgumentException($"budget policy: Delta is {Delta}, expected above 0 and below 1", nameof(Delta));
        CheckEpsilon(TotalEpsilon, nameof(TotalEpsilon));
        if (EpsilonPerDay is { } day) CheckEpsilon(day, nameof(EpsilonPerDay));
        foreach (var (purpose, epsilon) in EpsilonPerPurpose) CheckEpsilon(epsilon, $"EpsilonPerPurpose['{purpose}']");
        if (!Enum.IsDefined(Relation)) throw new ArgumentException($"budget policy: Relation is {Relation}, which is no neighbouring relation", nameof(Relation));
    }

    private static void CheckEpsilon(double epsilon, string name)
    {
        if (!(epsilon > 0 && double.IsFinite(epsilon))) throw new ArgumentException($"budget policy: {name} is {epsilon}, expected a finite number above 0", name);
    }
}

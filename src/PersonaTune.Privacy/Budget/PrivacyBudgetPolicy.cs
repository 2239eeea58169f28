using PersonaTune.Privacy.Accounting;
using PersonaTune.Privacy.Mechanisms;

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
        Require(Delta is > 0 and < 1, nameof(Delta), Delta, "above 0 and below 1");
        Require(IsEpsilon(TotalEpsilon), nameof(TotalEpsilon), TotalEpsilon, "a finite number above 0");
        if (EpsilonPerDay is { } day) Require(IsEpsilon(day), nameof(EpsilonPerDay), day, "a finite number above 0, or null");
        foreach (var (purpose, epsilon) in EpsilonPerPurpose)
            Require(IsEpsilon(epsilon), $"{nameof(EpsilonPerPurpose)}['{purpose}']", epsilon, "a finite number above 0");
        Require(Enum.IsDefined(Relation), nameof(Relation), (int)Relation, "a neighbouring relation");
    }

    private static bool IsEpsilon(double value) => value > 0 && double.IsFinite(value);

    private static void Require(bool holds, string name, double value, string expected) =>
        OptionCheck.Require(holds, nameof(PrivacyBudgetPolicy), name, value, expected);
}

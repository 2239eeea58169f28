using System.Globalization;
using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Device.Federation;

/// <summary>A user's limits for federated tasks.</summary>
public sealed record FederatedPolicy
{
    /// <summary>The most epsilon that all rounds of a task may cost together, at the task's delta. Default 8.</summary>
    public double MaximumEpsilon { get; init; } = 8;

    /// <summary>The largest delta. Default 1e-5.</summary>
    public double MaximumDelta { get; init; } = 1e-5;

    /// <summary>The smallest cohort. Default 32.</summary>
    public int MinimumCohort { get; init; } = 32;

    /// <summary>The fewest own examples. Default 20.</summary>
    public int MinimumExamples { get; init; } = 20;

    /// <summary>The shortest time between two participations in a task. Default one hour.</summary>
    public TimeSpan MinimumSeparation { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Who may add noise. Default: the device itself, alone or together with its cohort.</summary>
    public IReadOnlyList<PrivacyKind> PrivacyKinds { get; init; } = [PrivacyKind.Distributed, PrivacyKind.Local];

    /// <summary>Whether a metered network will do. Default false.</summary>
    public bool AllowMetered { get; init; }

    /// <summary>Whether the device must be on mains power. Default true.</summary>
    public bool RequireMains { get; init; } = true;

    /// <summary>Whether the device must be idle. Default true.</summary>
    public bool RequireIdle { get; init; } = true;

    /// <summary>Problems of these values, one sentence each; empty when they are usable.</summary>
    public IReadOnlyList<string> Validate()
    {
        var problems = new List<string>();
        void Check(bool holds, FormattableString problem)
        {
            if (!holds) problems.Add(problem.ToString(CultureInfo.InvariantCulture));
        }

        Check(MaximumEpsilon > 0 && double.IsFinite(MaximumEpsilon), $"{nameof(MaximumEpsilon)} is {MaximumEpsilon}; expected a finite number above 0");
        Check(MaximumDelta is > 0 and < 1, $"{nameof(MaximumDelta)} is {MaximumDelta}; expected above 0 and below 1, well below one over the number of users");
        Check(MinimumCohort >= 2, $"{nameof(MinimumCohort)} is {MinimumCohort}; expected at least 2 devices");
        Check(MinimumExamples >= 1, $"{nameof(MinimumExamples)} is {MinimumExamples}; expected at least 1");
        Check(MinimumSeparation >= TimeSpan.Zero, $"{nameof(MinimumSeparation)} is {MinimumSeparation}; expected zero or more");
        if (PrivacyKinds is not { Count: > 0 }) problems.Add($"{nameof(PrivacyKinds)} is empty; expected at least one kind");
        foreach (var kind in PrivacyKinds ?? []) Check(Enum.IsDefined(kind), $"{nameof(PrivacyKinds)} holds {(int)kind}; expected members of {nameof(PrivacyKind)}");
        return problems;
    }
}

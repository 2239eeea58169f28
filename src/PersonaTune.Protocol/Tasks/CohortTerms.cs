namespace PersonaTune.Protocol.Tasks;

/// <summary>Whom a round needs, and for how long its stages stay open.</summary>
/// <param name="Goal">Reports that a round aims at, over all cohorts.</param>
/// <param name="CohortSize">Devices of one cohort at most.</param>
/// <param name="MinimumCohort">Devices of a cohort at least, in its roster and among its survivors.</param>
/// <param name="OverSelection">Seats offered for each device that is wanted; at least 1.</param>
/// <param name="MaximumAttempts">Attempts at a round number before the task pauses.</param>
/// <param name="RecruitSeconds">For devices to train and to advertise their keys.</param>
/// <param name="StageSeconds">For each of the short stages: opening, sharing, confirming, unmasking.</param>
/// <param name="CollectSeconds">For the upload of reports.</param>
/// <param name="CorruptPpm">Devices that may collude with the aggregator, in parts per million.</param>
/// <param name="DropoutPpm">Devices that may drop out, in parts per million.</param>
/// <param name="SeparationSeconds">A device waits this long between two participations.</param>
public sealed record CohortTerms(
    int Goal, int CohortSize, int MinimumCohort, double OverSelection = 1.3, int MaximumAttempts = 5, double RecruitSeconds = 600,
    double StageSeconds = 60, double CollectSeconds = 300, int CorruptPpm = 100_000, int DropoutPpm = 300_000, double SeparationSeconds = 0)
{
    /// <summary>The cohorts of a round: as few as hold everybody who is recruited.</summary>
    public int Cohorts => Math.Max(1, (int)Math.Ceiling(Goal * OverSelection / CohortSize));

    /// <summary>Reports that each cohort aims at.</summary>
    public int GoalPerCohort => (Goal + Cohorts - 1) / Cohorts;

    /// <summary>Seats of each cohort: over-selected.</summary>
    public int SeatsPerCohort => Math.Min(CohortSize, (int)Math.Ceiling(GoalPerCohort * OverSelection));
}

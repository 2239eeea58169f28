using PersonaTune.Protocol.Rounds;

namespace PersonaTune.Protocol.Operations;

/// <summary>An attempt at a round.</summary>
/// <param name="Number">The round, from 1.</param>
/// <param name="Attempt">The attempt, from 1.</param>
/// <param name="State">Where it stands.</param>
/// <param name="Reason">Why it was abandoned, or null.</param>
/// <param name="Started">When it began.</param>
/// <param name="Ended">When it ended, or null.</param>
/// <param name="Deadline">When the present stage closes, or null.</param>
/// <param name="Goal">Reports that it aims at.</param>
/// <param name="Cohorts">Cohorts in each state.</param>
/// <param name="Funnel">How many devices came how far.</param>
/// <param name="Dropped">Dropped devices by reason and the stage they had reached.</param>
/// <param name="BytesReceived">Bytes of all messages.</param>
/// <param name="Loss">The loss on the public set, or null if there is none.</param>
/// <param name="Accuracy">The accuracy on the public set, or null.</param>
/// <param name="Release">The release that it made, or null.</param>
public sealed record RoundView(
    int Number, int Attempt, RoundState State, string? Reason, DateTimeOffset Started, DateTimeOffset? Ended, DateTimeOffset? Deadline, int Goal,
    IReadOnlyList<StateCount> Cohorts, FunnelView Funnel, IReadOnlyList<DropCount> Dropped, long BytesReceived, double? Loss, double? Accuracy, int? Release);

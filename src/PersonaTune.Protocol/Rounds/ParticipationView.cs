namespace PersonaTune.Protocol.Rounds;

/// <summary>What the aggregator knows of a device's own participation.</summary>
/// <param name="State">How far it has come.</param>
/// <param name="Reason">Why it was dropped, or null.</param>
/// <param name="Cohort">Where its cohort stands.</param>
public sealed record ParticipationView(ParticipationState State, DropReason? Reason, RoundState Cohort);

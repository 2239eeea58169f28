using PersonaTune.Privacy.SecureAggregation.Messages;
using PersonaTune.Privacy.SecureAggregation.SingleServer;
using PersonaTune.Protocol.Rounds;

namespace PersonaTune.Aggregator.Rounds;

/// <summary>How the protocol's messages and stages fit the states of cohorts and participations.</summary>
internal static class StageOf
{
    /// <summary>A chunk of a plain report, in the column that holds message types.</summary>
    public const int PlainReport = 0;

    /// <summary>The state in which a cohort takes a message, the participation that it needs, and the one that it leads to.</summary>
    public static (RoundState Cohort, ParticipationState Before, ParticipationState After) Message(MessageType type) => type switch
    {
        MessageType.Advertise => (RoundState.Recruiting, ParticipationState.Offered, ParticipationState.Joined),
        MessageType.Open => (RoundState.Keying, ParticipationState.Joined, ParticipationState.Keyed),
        MessageType.Share => (RoundState.Sharing, ParticipationState.Keyed, ParticipationState.Shared),
        MessageType.Input => (RoundState.Collecting, ParticipationState.Shared, ParticipationState.Submitted),
        MessageType.Consistency => (RoundState.Confirming, ParticipationState.Submitted, ParticipationState.Confirmed),
        _ => (RoundState.Unmasking, ParticipationState.Confirmed, ParticipationState.Unmasked),
    };

    /// <summary>The message that a cohort collects in a state.</summary>
    public static MessageType Collects(RoundState state) => state switch
    {
        RoundState.Recruiting => MessageType.Advertise,
        RoundState.Keying => MessageType.Open,
        RoundState.Sharing => MessageType.Share,
        RoundState.Collecting => MessageType.Input,
        RoundState.Confirming => MessageType.Consistency,
        _ => MessageType.Unmask,
    };

    /// <summary>The state of a cohort at a stage of the protocol's server.</summary>
    public static RoundState Stage(RoundStage stage) => stage switch
    {
        RoundStage.Advertising => RoundState.Recruiting,
        RoundStage.Opening => RoundState.Keying,
        RoundStage.Sharing => RoundState.Sharing,
        RoundStage.Collecting => RoundState.Collecting,
        RoundStage.Confirming => RoundState.Confirming,
        RoundStage.Unmasking => RoundState.Unmasking,
        RoundStage.Finished => RoundState.Aggregating,
        _ => RoundState.Abandoned,
    };

    /// <summary>The participation that a device must have reached when a state closes.</summary>
    public static ParticipationState Expected(RoundState state) => Message(Collects(state)).Before;
}

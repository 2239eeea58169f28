namespace PersonaTune.Privacy.SecureAggregation.Rounds;

/// <summary>How a server runs a round; nothing of it concerns what devices are promised.</summary>
public sealed class ServerOptions
{
    /// <summary>The threads that remove masks. Default 1. The result does not depend on it.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>The roster closes at this many devices. Default: the configuration's maximum.</summary>
    public int? RosterGoal { get; init; }

    /// <summary>
    /// Collection closes at this many reports, and the slowest devices of an over-selected cohort drop out. Default: all that shared, or
    /// with two servers the configuration's maximum.
    /// </summary>
    public int? ReportGoal { get; init; }

    /// <summary>
    /// Called with each event before it takes effect. When it returns, the event must be durable; when it throws, the event has not
    /// happened. Replaying the events rebuilds the server.
    /// </summary>
    public Action<RoundEvent>? Journal { get; init; }
}

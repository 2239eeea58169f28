using PersonaTune.Privacy.SecureAggregation.Rounds;
using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Aggregator.Rounds;

/// <summary>What never changes about a cohort.</summary>
/// <param name="Id">Its id.</param>
/// <param name="RoundId">Its round.</param>
/// <param name="Task">Its task.</param>
/// <param name="Configuration">What it computes.</param>
/// <param name="Session">Its session id, hexadecimal.</param>
internal sealed record CohortInfo(string Id, string RoundId, TaskDefinition Task, RoundConfiguration Configuration, string Session)
{
    public bool IsSecure => Task.Aggregation == AggregationKind.Secure;

    /// <summary>The channel that wakes everybody who waits for the cohort.</summary>
    public string Channel => ChannelOf(Id);

    public static string ChannelOf(string cohort) => "cohort/" + cohort;
}

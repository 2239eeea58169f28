using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Protocol.Operations;

/// <summary>A task as operators see it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Purpose">Its purpose.</param>
/// <param name="State">Where it stands.</param>
/// <param name="Aggregation">How reports are summed.</param>
/// <param name="Rounds">Rounds in all.</param>
/// <param name="Current">The running round; null between rounds.</param>
/// <param name="Budget">The privacy budget.</param>
/// <param name="History">Ended attempts, oldest first, the newest 200.</param>
/// <param name="Releases">Releases, newest first, the newest 50.</param>
public sealed record TaskView(
    string Name, string Purpose, TaskState State, AggregationKind Aggregation, int Rounds, RoundView? Current, BudgetView Budget, IReadOnlyList<RoundView> History,
    IReadOnlyList<ReleaseSummary> Releases);

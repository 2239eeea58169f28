namespace PersonaTune.Protocol.Tasks;

/// <summary>The tasks that devices may take part in.</summary>
/// <param name="Tasks">Open and paused tasks, by name.</param>
public sealed record TaskList(IReadOnlyList<TaskSummary> Tasks);

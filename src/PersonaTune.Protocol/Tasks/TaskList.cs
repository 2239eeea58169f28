namespace PersonaTune.Protocol.Tasks;

/// <summary>The tasks that devices may take part in, or whose releases they use.</summary>
/// <param name="Tasks">All tasks but drafts and cancelled ones, by name: those that have ended still have a release.</param>
public sealed record TaskList(IReadOnlyList<TaskSummary> Tasks);

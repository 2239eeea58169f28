using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Protocol.Operations;

/// <summary>An operator's change to a task.</summary>
/// <param name="State">The state to go to: open, paused or cancelled; null for no change.</param>
/// <param name="RollBackTo">The release whose content to release again; null for none.</param>
public sealed record TaskChange(TaskState? State, int? RollBackTo);

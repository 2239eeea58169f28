namespace PersonaTune.Aggregator.Tasks;

/// <summary>A task cannot be run as it is defined.</summary>
public sealed class TaskInvalidException(string problem) : Exception($"task: {problem}");

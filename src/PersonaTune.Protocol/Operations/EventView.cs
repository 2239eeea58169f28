namespace PersonaTune.Protocol.Operations;

/// <summary>A line of the event log.</summary>
/// <param name="Id">Its number, growing.</param>
/// <param name="Time">When.</param>
/// <param name="Task">The task.</param>
/// <param name="Kind">The kind, for example <c>round-state</c>, <c>release</c>, <c>task-state</c>.</param>
/// <param name="Text">What happened, in words, without anything about one device.</param>
public sealed record EventView(long Id, DateTimeOffset Time, string Task, string Kind, string Text);

namespace PersonaTune.Protocol.Operations;

/// <summary>What the dashboard shows. Counts below <see cref="SmallestCount"/> are withheld; no row is about one device.</summary>
/// <param name="Time">The service's clock.</param>
/// <param name="SmallestCount">Counts of 1 to this less one are null.</param>
/// <param name="Tasks">All tasks, by name.</param>
public sealed record DashboardView(DateTimeOffset Time, int SmallestCount, IReadOnlyList<TaskView> Tasks);

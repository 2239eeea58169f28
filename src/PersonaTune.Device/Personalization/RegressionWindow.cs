namespace PersonaTune.Device.Personalization;

/// <summary>A monitor's window as it is kept in the store between two starts of the application.</summary>
internal sealed record RegressionWindow(string AdapterId, string? ParentId, IReadOnlyList<MessageScore> Active, IReadOnlyList<MessageScore> Parent);

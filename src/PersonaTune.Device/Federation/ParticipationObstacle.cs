namespace PersonaTune.Device.Federation;

/// <summary>One reason not to take part.</summary>
/// <param name="Reason">The reason.</param>
/// <param name="Text">What was expected, what was found, what to do.</param>
public sealed record ParticipationObstacle(ParticipationRefusal Reason, string Text);

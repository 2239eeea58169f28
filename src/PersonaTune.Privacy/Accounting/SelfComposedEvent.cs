namespace PersonaTune.Privacy.Accounting;

/// <summary>One event, several times (adaptively chosen).</summary>
/// <param name="Event">The repeated event.</param>
/// <param name="Count">How often, 0 or more.</param>
public sealed record SelfComposedEvent(PrivacyEvent Event, long Count) : PrivacyEvent;

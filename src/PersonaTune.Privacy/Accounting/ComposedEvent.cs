namespace PersonaTune.Privacy.Accounting;

/// <summary>Several events, one after the other (adaptively chosen).</summary>
/// <param name="Events">The events; order does not matter.</param>
public sealed record ComposedEvent(IReadOnlyList<PrivacyEvent> Events) : PrivacyEvent;

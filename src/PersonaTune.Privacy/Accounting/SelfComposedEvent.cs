namespace PersonaTune.Privacy.Accounting;

/// <summary>One event, several times (adaptively chosen).</summary>
/// <param name="Event">The repeated event.</param>
/// <param name="Count">How often, 0 or more.</param>
public sealed record SelfComposedEvent(PrivacyEvent Event, long Count) : PrivacyEvent
{
    /// <summary>The repeated event.</summary>
    public PrivacyEvent Event { get; } = EventArgument.NotNull(Event, nameof(SelfComposedEvent));

    /// <summary>How often, 0 or more.</summary>
    public long Count { get; } = EventArgument.AtLeast(Count, 0L, nameof(SelfComposedEvent));
}

namespace PersonaTune.Privacy.Accounting;

/// <summary>Several events, one after the other (adaptively chosen).</summary>
/// <param name="Events">The events; order does not matter to an accountant, but to equality.</param>
public sealed record ComposedEvent(IReadOnlyList<PrivacyEvent> Events) : PrivacyEvent
{
    /// <summary>The events; order does not matter to an accountant, but to equality.</summary>
    public IReadOnlyList<PrivacyEvent> Events { get; } =
        EventArgument.List(Events, static item => item is not null, "an event", nameof(ComposedEvent));
}

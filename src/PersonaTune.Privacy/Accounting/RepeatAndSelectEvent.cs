namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// A mechanism repeated a random number of times of which only the best output is published (Papernot and Steinke 2021).
/// </summary>
/// <param name="Event">What each repetition does.</param>
/// <param name="Mean">Mean number of repetitions, finite and 1 or more.</param>
/// <param name="Shape">0: logarithmic, 1: geometric, other positive: truncated negative binomial, infinity: Poisson.</param>
public sealed record RepeatAndSelectEvent(PrivacyEvent Event, double Mean, double Shape) : PrivacyEvent
{
    /// <summary>What each repetition does.</summary>
    public PrivacyEvent Event { get; } = EventArgument.NotNull(Event, nameof(RepeatAndSelectEvent));

    /// <summary>Mean number of repetitions, finite and 1 or more.</summary>
    public double Mean { get; } =
        EventArgument.AtLeast(EventArgument.Positive(Mean, nameof(RepeatAndSelectEvent)), 1, nameof(RepeatAndSelectEvent), nameof(Mean));

    /// <summary>0: logarithmic, 1: geometric, other positive: truncated negative binomial, infinity: Poisson.</summary>
    public double Shape { get; } = EventArgument.AtLeast(Shape, 0, nameof(RepeatAndSelectEvent));
}

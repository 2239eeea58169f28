namespace PersonaTune.Privacy.Accounting;

/// <summary>A mechanism repeated a random number of times of which only the best output is published (Papernot and Steinke 2021).</summary>
/// <param name="Event">What each repetition does.</param>
/// <param name="Mean">Mean number of repetitions.</param>
/// <param name="Shape">0: logarithmic, 1: geometric, other positive: truncated negative binomial, infinity: Poisson.</param>
public sealed record RepeatAndSelectEvent(PrivacyEvent Event, double Mean, double Shape) : PrivacyEvent;

namespace PersonaTune.Privacy.Accounting;

/// <summary>An event on a uniformly random subset of fixed size.</summary>
/// <param name="SourceSize">Number n of records.</param>
/// <param name="SampleSize">Number m of records in the sample.</param>
/// <param name="Event">What was done to the sample.</param>
public sealed record SampledWithoutReplacementEvent(int SourceSize, int SampleSize, PrivacyEvent Event) : PrivacyEvent;

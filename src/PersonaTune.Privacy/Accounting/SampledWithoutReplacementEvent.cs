namespace PersonaTune.Privacy.Accounting;

/// <summary>An event on a uniformly random subset of fixed size.</summary>
/// <param name="SourceSize">Number n of records, 1 or more.</param>
/// <param name="SampleSize">Number m of records in the sample, 0 to n.</param>
/// <param name="Event">What was done to the sample.</param>
public sealed record SampledWithoutReplacementEvent(int SourceSize, int SampleSize, PrivacyEvent Event) : PrivacyEvent
{
    /// <summary>Number n of records, 1 or more.</summary>
    public int SourceSize { get; } = EventArgument.AtLeast(SourceSize, 1, nameof(SampledWithoutReplacementEvent));

    /// <summary>Number m of records in the sample, 0 to n.</summary>
    public int SampleSize { get; } = EventArgument.Check(
        SampleSize >= 0 && SampleSize <= SourceSize, SampleSize, $"0 to SourceSize, which is {SourceSize}",
        nameof(SampledWithoutReplacementEvent), nameof(SampleSize));

    /// <summary>What was done to the sample.</summary>
    public PrivacyEvent Event { get; } = EventArgument.NotNull(Event, nameof(SampledWithoutReplacementEvent));
}

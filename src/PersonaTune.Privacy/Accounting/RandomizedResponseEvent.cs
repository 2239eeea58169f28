namespace PersonaTune.Privacy.Accounting;

/// <summary>k-ary randomized response: with probability p a uniformly random bucket is reported, otherwise the true one.</summary>
/// <param name="NoiseParameter">The probability p of a random answer, 0 to 1.</param>
/// <param name="Buckets">The number k of possible answers, 1 or more.</param>
public sealed record RandomizedResponseEvent(double NoiseParameter, int Buckets) : PrivacyEvent
{
    /// <summary>The probability p of a random answer, 0 to 1.</summary>
    public double NoiseParameter { get; } = EventArgument.Probability(NoiseParameter, nameof(RandomizedResponseEvent));

    /// <summary>The number k of possible answers, 1 or more.</summary>
    public int Buckets { get; } = EventArgument.AtLeast(Buckets, 1, nameof(RandomizedResponseEvent));
}

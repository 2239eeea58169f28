namespace PersonaTune.Privacy.Accounting;

/// <summary>k-ary randomized response: with probability p a uniformly random bucket is reported, otherwise the true one.</summary>
/// <param name="NoiseParameter">The probability p of a random answer.</param>
/// <param name="Buckets">The number k of possible answers.</param>
public sealed record RandomizedResponseEvent(double NoiseParameter, int Buckets) : PrivacyEvent;

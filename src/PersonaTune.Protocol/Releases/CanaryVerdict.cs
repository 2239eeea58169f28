namespace PersonaTune.Protocol.Releases;

/// <summary>
/// A canary device's verdict: whether the release is worse than the former one on its own held-out data. The device flips the true answer with
/// probability 1 / (1 + e) before it sends it (randomized response, epsilon 1).
/// </summary>
/// <param name="Worse">The randomized answer.</param>
public sealed record CanaryVerdict(bool Worse);

namespace PersonaTune.Device.Keyboard;

/// <summary>One held-out prediction, from which the weights of a mixture are estimated.</summary>
/// <param name="Model">The model's probability of the token that came.</param>
/// <param name="Levels">What the cache says about that token, from the empty context to the longest one that it knows.</param>
public readonly record struct MixturePoint(double Model, IReadOnlyList<CacheLevel> Levels);

namespace PersonaTune.Device.Keyboard;

/// <summary>One held-out prediction, from which the weights of a mixture are estimated.</summary>
/// <param name="Match">How well the cache knew the context.</param>
/// <param name="Model">The model's probability of the token that came.</param>
/// <param name="Cache">The cache's probability of that token.</param>
public readonly record struct MixturePoint(CacheMatch Match, double Model, double Cache);

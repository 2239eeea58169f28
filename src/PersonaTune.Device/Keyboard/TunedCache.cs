namespace PersonaTune.Device.Keyboard;

/// <summary>A person's n-gram cache with the weights by which it is mixed with a model; see <see cref="KeyboardCacheTuner"/>.</summary>
/// <param name="Cache">The cache, which has learned every message given.</param>
/// <param name="Mixture">The weights that predicted the validation messages best.</param>
/// <param name="ValidationNll">Sum of -ln p over the tokens of the validation messages, in nats, before the cache had learned them.</param>
public sealed record TunedCache(NGramCache Cache, CacheMixture Mixture, double ValidationNll);

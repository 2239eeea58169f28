namespace PersonaTune.Device.Keyboard;

/// <summary>
/// What an n-gram cache says about a token after a context of one length. With the probability p' of the next shorter length (the model's
/// at the end of the chain), that length's Kneser-Ney probability is <paramref name="Direct"/> + <paramref name="Escape"/> p'.
/// </summary>
/// <param name="Length">Tokens of the context; 0 for the person's words without any.</param>
/// <param name="Count">How often the cache has seen it.</param>
/// <param name="Direct">The discounted share of the token among what followed.</param>
/// <param name="Escape">The share left to the shorter context, 0 to 1.</param>
public readonly record struct CacheLevel(int Length, int Count, double Direct, double Escape);

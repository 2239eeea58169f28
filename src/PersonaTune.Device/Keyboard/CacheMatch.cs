namespace PersonaTune.Device.Keyboard;

/// <summary>How well an n-gram cache knows a context.</summary>
/// <param name="Length">Tokens of the longest context that it has seen; -1 where it has seen nothing at all.</param>
/// <param name="Count">How often it has seen that context.</param>
public readonly record struct CacheMatch(int Length, int Count);

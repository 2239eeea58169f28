namespace PersonaTune.Device.Keyboard;

/// <summary>Settings of a <see cref="NGramCache"/>.</summary>
public sealed record NGramCacheOptions
{
    /// <summary>Longest n-gram in tokens, 1 to 5. Default 3.</summary>
    public int Order { get; init; } = 3;

    /// <summary>Most tokens kept; the oldest messages are forgotten first. Default 200,000.</summary>
    public int MaxTokens { get; init; } = 200_000;

    /// <summary>Subtracted from every count, above 0 and below 1; null estimates three discounts an order (modified Kneser-Ney). Default null.</summary>
    public double? Discount { get; init; }
}

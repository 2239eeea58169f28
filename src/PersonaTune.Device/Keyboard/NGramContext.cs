namespace PersonaTune.Device.Keyboard;

/// <summary>The last one to four tokens before a prediction, the nearest first; absent tokens are -1.</summary>
internal readonly record struct NGramContext(int First, int Second, int Third, int Fourth)
{
    /// <summary>Most tokens of a context.</summary>
    public const int MaxLength = 4;

    /// <summary>The context of no tokens.</summary>
    public static NGramContext Empty { get; } = new(-1, -1, -1, -1);

    /// <summary>The last <paramref name="length"/> tokens before a position.</summary>
    public static NGramContext Before(ReadOnlySpan<int> tokens, int length) => new(
        length > 0 ? tokens[^1] : -1,
        length > 1 ? tokens[^2] : -1,
        length > 2 ? tokens[^3] : -1,
        length > 3 ? tokens[^4] : -1);
}

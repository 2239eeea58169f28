namespace PersonaTune.Device.Keyboard;

/// <summary>
/// The three discounts of one order in modified Kneser-Ney smoothing (Chen and Goodman 1998), estimated from how many n-grams were
/// seen once, twice, three and four times.
/// </summary>
internal readonly record struct KneserNeyDiscounts(double One, double Two, double ThreeOrMore)
{
    /// <summary>For orders with too few n-grams to estimate from.</summary>
    public static KneserNeyDiscounts Fallback { get; } = new(0.6, 0.8, 0.9);

    public double this[int count] => count switch
    {
        <= 0 => 0,
        1 => One,
        2 => Two,
        _ => ThreeOrMore,
    };

    /// <summary>Estimates from n1 to n4; falls back where one of them is zero, and keeps every discount within (0, count).</summary>
    public static KneserNeyDiscounts Estimate(long n1, long n2, long n3, long n4)
    {
        if (n1 == 0 || n2 == 0 || n3 == 0 || n4 == 0) return Fallback;
        var y = n1 / (n1 + 2.0 * n2);
        return new KneserNeyDiscounts(
            Math.Clamp(1 - 2 * y * n2 / n1, 0.05, 0.95),
            Math.Clamp(2 - 3 * y * n3 / n2, 0.05, 1.9),
            Math.Clamp(3 - 4 * y * n4 / n3, 0.05, 2.8));
    }
}

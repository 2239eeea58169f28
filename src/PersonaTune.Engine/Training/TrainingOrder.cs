namespace PersonaTune.Engine.Training;

/// <summary>
/// The order of examples: for each epoch a Fisher-Yates shuffle of 0 to n - 1 driven by SplitMix64 (Steele et al. 2014) from the seed and the
/// epoch. It depends on nothing else, so a resumed training needs no stored generator.
/// </summary>
internal static class TrainingOrder
{
    /// <summary>Fills <paramref name="order"/> for an epoch, counted from 0.</summary>
    public static void Fill(Span<int> order, ulong seed, int epoch)
    {
        for (var i = 0; i < order.Length; i++) order[i] = i;
        var state = unchecked(seed ^ ((ulong)(epoch + 1) * 0xD1342543DE82EF95UL));
        for (var i = order.Length - 1; i > 0; i--)
        {
            // The upper half of a 128-bit product is uniform up to a bias of i / 2^64.
            var j = (int)Math.BigMul(Next(ref state), (ulong)(i + 1), out _);
            (order[i], order[j]) = (order[j], order[i]);
        }
    }

    private static ulong Next(ref ulong state)
    {
        unchecked
        {
            state += 0x9E3779B97F4A7C15UL;
            var z = state;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
            return z ^ (z >> 31);
        }
    }
}

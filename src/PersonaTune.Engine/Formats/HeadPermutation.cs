namespace PersonaTune.Engine.Formats;

/// <summary>
/// Row order of query and key projections. Hugging Face rotates element i of a head together with element i + dim/2 (half-split);
/// GGUF files of the llama architecture rotate 2i with 2i + 1 (adjacent pairs) and hold the rows of q and k reordered to match. The
/// same holds for lora_B of q and k. Static and thread-safe.
/// </summary>
public static class HeadPermutation
{
    /// <summary>The half-split row that stands at an adjacent-pairs row; <paramref name="headLength"/> is even.</summary>
    public static int HalfSplitRow(int adjacentRow, int headLength)
    {
        var (head, within) = Math.DivRem(adjacentRow, headLength);
        return head * headLength + within % 2 * (headLength / 2) + within / 2;
    }

    /// <summary>The adjacent-pairs row that stands at a half-split row; <paramref name="headLength"/> is even.</summary>
    public static int AdjacentRow(int halfSplitRow, int headLength)
    {
        var (head, within) = Math.DivRem(halfSplitRow, headLength);
        return head * headLength + within % (headLength / 2) * 2 + within / (headLength / 2);
    }

    /// <summary>Reorders the rows of a row-major matrix (rows, columns) from half-split to adjacent pairs.</summary>
    /// <exception cref="ArgumentException">The lengths differ or hold no whole number of heads.</exception>
    public static void ToAdjacent(ReadOnlySpan<float> halfSplit, Span<float> adjacent, int columns, int headLength)
    {
        var rows = Rows(halfSplit.Length, adjacent.Length, columns, headLength);
        for (var row = 0; row < rows; row++)
            halfSplit.Slice(HalfSplitRow(row, headLength) * columns, columns).CopyTo(adjacent[(row * columns)..]);
    }

    /// <summary>Reorders the rows of a row-major matrix (rows, columns) from adjacent pairs to half-split.</summary>
    /// <exception cref="ArgumentException">The lengths differ or hold no whole number of heads.</exception>
    public static void ToHalfSplit(ReadOnlySpan<float> adjacent, Span<float> halfSplit, int columns, int headLength)
    {
        var rows = Rows(adjacent.Length, halfSplit.Length, columns, headLength);
        for (var row = 0; row < rows; row++)
            adjacent.Slice(AdjacentRow(row, headLength) * columns, columns).CopyTo(halfSplit[(row * columns)..]);
    }

    private static int Rows(int source, int target, int columns, int headLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(columns);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(headLength);
        if (headLength % 2 != 0 || source != target || source % (columns * (long)headLength) != 0)
            throw new ArgumentException($"{source} and {target} values are no equal number of whole heads of {headLength} rows of {columns}", nameof(source));
        return source / columns;
    }
}

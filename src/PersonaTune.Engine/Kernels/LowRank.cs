namespace PersonaTune.Engine.Kernels;

/// <summary>
/// Low-rank updates at inference: u (T, R) = x (T, K) Aᵀ, then y (T, N) += u Bᵀ (Hu et al. 2021).
/// <code>
/// A (R, K) is packed once into groups of 4 rows, each (K / 8, 4, 8); R is padded to a multiple of 4 and K to one of 8 with zeros
/// B (N, R) is packed once into panels of 16 outputs, each (R, 16); N is padded to a multiple of 16 with zeros
/// </code>
/// One token reads each factor front to back in one stream: rows of a few kilobytes side by side would leave the processor's prefetcher
/// behind, and decoding would wait for memory. Any K, N and R; sums run in one fixed order, however tokens are split.
/// </summary>
public static partial class LowRank
{
    /// <summary>Outputs in a panel of B.</summary>
    public const int PanelWidth = 16;

    private const int GroupRows = 4;
    private const int Lanes = 8;

    /// <summary>Columns of u for a rank: the next multiple of 4.</summary>
    public static int PaddedRank(int rank) => checked((rank + GroupRows - 1) / GroupRows * GroupRows);

    /// <summary>Floats that a packed A (rank, inputs) takes.</summary>
    public static int FactorLength(int inputs, int rank) => checked(PaddedRank(rank) * ((inputs + Lanes - 1) / Lanes * Lanes));

    /// <summary>Floats that the panels of B (outputs, rank) take.</summary>
    public static int PanelLength(int outputs, int rank) => checked((outputs + PanelWidth - 1) / PanelWidth * PanelWidth * rank);

    /// <summary>Writes A (rank, inputs) into rows [first, first + rank) of a packed factor.</summary>
    public static void PackFactor(ReadOnlySpan<float> a, int inputs, int rank, Span<float> packed, int first)
    {
        var steps = (inputs + Lanes - 1) / Lanes;
        for (var r = 0; r < rank; r++)
        {
            var group = packed.Slice((first + r) / GroupRows * GroupRows * steps * Lanes, GroupRows * steps * Lanes);
            for (var k = 0; k < inputs; k++) group[(k / Lanes * GroupRows + (first + r) % GroupRows) * Lanes + k % Lanes] = a[r * inputs + k];
        }
    }

    /// <summary>Writes scale * B (outputs, rank) into columns [first, first + rank) of panels for <paramref name="totalRank"/> columns.</summary>
    public static void PackPanels(ReadOnlySpan<float> b, int outputs, int rank, float scale, Span<float> panels, int totalRank, int first)
    {
        for (var n = 0; n < outputs; n++)
        {
            var panel = panels.Slice(n / PanelWidth * PanelWidth * totalRank, PanelWidth * totalRank);
            for (var r = 0; r < rank; r++) panel[(first + r) * PanelWidth + n % PanelWidth] = scale * b[n * rank + r];
        }
    }

    /// <summary>u (tokens, padded rank) = x (tokens, inputs) Aᵀ for a packed A.</summary>
    /// <exception cref="ArgumentException">A span is too short.</exception>
    public static unsafe void Down(ReadOnlySpan<float> x, ReadOnlySpan<float> packed, Span<float> u, int tokens, int inputs, int rank)
    {
        var columns = PaddedRank(rank);
        Check(x.Length, (long)tokens * inputs, nameof(x));
        Check(packed.Length, FactorLength(inputs, rank), nameof(packed));
        Check(u.Length, (long)tokens * columns, nameof(u));
        var steps = (inputs + Lanes - 1) / Lanes;
        fixed (float* px = x, pa = packed, pu = u)
        {
            var t = 0;
            for (; t + 2 <= tokens; t += 2)
                for (var r = 0; r < columns; r += GroupRows)
                    DownPair(px + (long)t * inputs, inputs, pa + (long)r * steps * Lanes, pu + t * columns + r, columns);
            for (; t < tokens; t++)
                for (var r = 0; r < columns; r += GroupRows)
                    DownOne(px + (long)t * inputs, inputs, pa + (long)r * steps * Lanes, pu + t * columns + r);
        }
    }

    /// <summary>
    /// y (tokens, outputs) += u' Bᵀ, where u' (tokens, rank) starts at column <paramref name="first"/> of u (tokens, uWidth).
    /// </summary>
    /// <exception cref="ArgumentException">A span is too short, or the columns leave u.</exception>
    public static unsafe void Up(ReadOnlySpan<float> u, ReadOnlySpan<float> panels, Span<float> y, int tokens, int uWidth, int first, int rank, int outputs)
    {
        Check(u.Length, (long)tokens * uWidth, nameof(u));
        Check(panels.Length, PanelLength(outputs, rank), nameof(panels));
        Check(y.Length, (long)tokens * outputs, nameof(y));
        Check(uWidth, (long)first + rank, nameof(uWidth));
        fixed (float* pu = u, pb = panels, py = y)
        {
            var t = 0;
            for (; t + 2 <= tokens; t += 2) UpPair(pu + (long)t * uWidth + first, uWidth, pb, py + (long)t * outputs, rank, outputs);
            for (; t < tokens; t++) UpOne(pu + (long)t * uWidth + first, pb, py + (long)t * outputs, rank, outputs);
        }
    }

    /// <summary>The same as <see cref="Down"/> and <see cref="Up"/> for one token, in plain code: what they are tested against.</summary>
    internal static void Reference(ReadOnlySpan<float> x, ReadOnlySpan<float> a, ReadOnlySpan<float> b, float scale, Span<float> y, int rank)
    {
        for (var r = 0; r < rank; r++)
        {
            var dot = 0.0;
            for (var k = 0; k < x.Length; k++) dot += (double)x[k] * a[r * x.Length + k];
            for (var n = 0; n < y.Length; n++) y[n] += (float)(dot * scale * b[n * rank + r]);
        }
    }

    private static void Check(long actual, long needed, string name)
    {
        if (actual < needed) throw new ArgumentException($"expected at least {needed} values, found {actual}", name);
    }
}

using System.Numerics;
using PersonaTune.Engine.Quantization;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Lora;

/// <summary>
/// The factor of each output with DoRA: g = m / |w + s b A|, w a row of the base, b one of B. The norm is found without forming B A:
/// |w|^2 + 2 s b (A w) + s^2 b (A A^T) b, in double precision. Rows run in parallel; the result does not depend on it.
/// </summary>
internal static class DoraGain
{
    private const int RowsPerPart = 64;

    /// <exception cref="AdapterMismatchException">A row's norm is zero or not finite, so that it has no direction.</exception>
    public static float[] Compute(in WeightMatrix w, LoraPair pair, string name)
    {
        var magnitude = pair.Magnitude ?? throw new ArgumentException("the pair has no magnitude", nameof(pair));
        var (rank, inputs, weights) = (pair.Rank, pair.Inputs, w);
        var gram = new double[rank * rank];
        for (var i = 0; i < rank; i++)
            for (var j = 0; j <= i; j++)
                gram[i * rank + j] = gram[j * rank + i] = Dot(pair.A.AsSpan(i * inputs, inputs), pair.A.AsSpan(j * inputs, inputs));

        var gains = new float[pair.Outputs];
        var parts = (gains.Length + RowsPerPart - 1) / RowsPerPart;
        Parallel.For(0, parts, part =>
        {
            var (row, projected) = (new float[inputs], new double[rank]);
            for (var n = part * RowsPerPart; n < Math.Min(gains.Length, (part + 1) * RowsPerPart); n++)
            {
                BlockCodec.Decode(weights.Type, weights.RowsBytes(n, 1), row);
                for (var r = 0; r < rank; r++) projected[r] = Dot(pair.A.AsSpan(r * inputs, inputs), row);
                var square = Square(pair, n, Dot(row, row), projected, gram);
                gains[n] = square > 0 ? (float)(magnitude[n] / Math.Sqrt(square)) : float.NaN;
            }
        });
        var bad = Array.FindIndex(gains, gain => !float.IsFinite(gain));
        return bad < 0 ? gains : throw new AdapterMismatchException(name, $"output {bad} of a DoRA layer has no direction; load the model that it was trained on");
    }

    private static double Square(LoraPair pair, int n, double square, double[] projected, double[] gram)
    {
        for (var r = 0; r < projected.Length; r++)
        {
            double b = pair.B[n * pair.Rank + r];
            square += 2.0 * pair.Scale * b * projected[r];
            for (var q = 0; q < projected.Length; q++) square += (double)pair.Scale * pair.Scale * b * pair.B[n * pair.Rank + q] * gram[r * projected.Length + q];
        }

        return square;
    }

    // Products and sums in double precision: the squares of near-opposite W and B A cancel.
    private static double Dot(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        var sums = Vector<double>.Zero;
        var i = 0;
        for (; i <= x.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector.Widen(new Vector<float>(x[i..]), out var x0, out var x1);
            Vector.Widen(new Vector<float>(y[i..]), out var y0, out var y1);
            sums += x0 * y0 + x1 * y1;
        }

        var sum = Vector.Sum(sums);
        for (; i < x.Length; i++) sum += (double)x[i] * y[i];
        return sum;
    }
}

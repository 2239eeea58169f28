using PersonaTune.Engine.Quantization;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Lora;

/// <summary>
/// The factor of each output with DoRA: g = m / |w + s b A|, w a row of the base, b one of B. The norm is found without forming B A:
/// |w|^2 + 2 s b (A w) + s^2 b (A A^T) b, in double precision.
/// </summary>
internal static class DoraGain
{
    /// <exception cref="AdapterMismatchException">A row's norm is zero, so that it has no direction.</exception>
    public static float[] Compute(in WeightMatrix w, LoraPair pair, string name)
    {
        var magnitude = pair.Magnitude ?? throw new ArgumentException("the pair has no magnitude", nameof(pair));
        var (rank, inputs) = (pair.Rank, pair.Inputs);
        var gram = new double[rank * rank];
        for (var i = 0; i < rank; i++)
            for (var j = 0; j <= i; j++)
            {
                double sum = 0;
                for (var k = 0; k < inputs; k++) sum += (double)pair.A[i * inputs + k] * pair.A[j * inputs + k];
                gram[i * rank + j] = gram[j * rank + i] = sum;
            }

        var gains = new float[pair.Outputs];
        var row = new float[inputs];
        var projected = new double[rank];
        for (var n = 0; n < gains.Length; n++)
        {
            BlockCodec.Decode(w.Type, w.RowsBytes(n, 1), row);
            double square = 0;
            Array.Clear(projected);
            for (var k = 0; k < inputs; k++)
            {
                square += (double)row[k] * row[k];
                for (var r = 0; r < rank; r++) projected[r] += (double)pair.A[r * inputs + k] * row[k];
            }

            for (var r = 0; r < rank; r++)
            {
                var b = pair.B[n * rank + r];
                square += 2.0 * pair.Scale * b * projected[r];
                for (var q = 0; q < rank; q++) square += (double)pair.Scale * pair.Scale * b * pair.B[n * rank + q] * gram[r * rank + q];
            }

            gains[n] = square > 0 ? (float)(magnitude[n] / Math.Sqrt(square)) : throw new AdapterMismatchException(name, $"output {n} of a DoRA layer has no direction; load the model that it was trained on");
        }

        return gains;
    }
}

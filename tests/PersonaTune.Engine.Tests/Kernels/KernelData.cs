using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Quantization;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Tests.Kernels;

/// <summary>Random operands and float64 references for the kernel tests.</summary>
internal static class KernelData
{
    public static readonly TensorType[] Types =
    [
        TensorType.F32, TensorType.F16, TensorType.BF16, TensorType.Q8_0, TensorType.Q4_0, TensorType.Q4_1,
        TensorType.Q5_0, TensorType.Q5_1, TensorType.Q4_K, TensorType.Q5_K, TensorType.Q6_K,
    ];

    public static TheoryData<TensorType> AllTypes => [.. Types];

    public static float[] Floats(int count, int seed)
    {
        var random = new Random(seed);
        var values = new float[count];
        for (var i = 0; i < count; i++) values[i] = (float)(random.NextDouble() * 2 - 1);
        return values;
    }

    /// <summary>Random blocks with every bit pattern in the quantized fields and scales of ordinary size, subnormal halves among them.</summary>
    public static WeightMatrix Weights(TensorType type, int rows, int columns, int seed)
    {
        var random = new Random(seed);
        if (type == TensorType.F32) return WeightMatrix.FromFloats(Floats(rows * columns, seed), rows, columns);
        var bytes = new byte[rows * type.RowBytes(columns)];
        random.NextBytes(bytes);
        var (scales, size) = type switch
        {
            TensorType.F16 or TensorType.BF16 => ([0], 2),
            TensorType.Q8_0 or TensorType.Q4_0 or TensorType.Q5_0 => (new[] { 0 }, type.BlockBytes()),
            TensorType.Q6_K => ([208], 210),
            _ => ([0, 2], type.BlockBytes()),
        };
        for (var block = 0; block < bytes.Length; block += size)
        {
            foreach (var at in scales)
            {
                var magnitude = random.Next(8) == 0 ? 2e-5 : 0.02;
                var value = (random.NextDouble() * 2 - 1) * magnitude;
                var bits = type == TensorType.BF16
                    ? (ushort)(BitConverter.SingleToUInt32Bits((float)value) >> 16)
                    : BitConverter.HalfToUInt16Bits((Half)value);
                BitConverter.TryWriteBytes(bytes.AsSpan(block + at), bits);
            }
        }

        return WeightMatrix.FromBytes(type, bytes, rows, columns);
    }

    public static float[] Decoded(in WeightMatrix w)
    {
        var values = new float[w.Rows * w.Columns];
        BlockCodec.Decode(w.Type, w.RowsBytes(0, w.Rows), values);
        return values;
    }

    /// <summary>c (M, N) = a (M, K) b (N, K)ᵀ in float64.</summary>
    public static double[] ProductNT(ReadOnlySpan<float> a, ReadOnlySpan<float> b, int m, int n, int k)
    {
        var c = new double[m * n];
        for (var i = 0; i < m; i++)
            for (var j = 0; j < n; j++)
            {
                var sum = 0.0;
                for (var p = 0; p < k; p++) sum += (double)a[i * k + p] * b[j * k + p];
                c[i * n + j] = sum;
            }

        return c;
    }

    public static float[] Transposed(ReadOnlySpan<float> a, int rows, int columns)
    {
        var t = new float[a.Length];
        for (var i = 0; i < rows; i++)
            for (var j = 0; j < columns; j++) t[j * rows + i] = a[i * columns + j];
        return t;
    }

    /// <summary>What rounded activations stand for, (T, K).</summary>
    public static unsafe float[] Restored(QuantizedActivations rounded)
    {
        var x = new float[rounded.Tokens * rounded.Columns];
        for (var t = 0; t < rounded.Tokens; t++)
            for (var k = 0; k < rounded.Columns; k++)
            {
                var at = t * rounded.Blocks * 32 + k;
                x[t * rounded.Columns + k] = rounded.Values[at] * rounded.Scales[at / 32];
            }

        return x;
    }

    /// <summary>Root of the summed squared error over the root of the summed squares of the expected values.</summary>
    public static double RelativeError(ReadOnlySpan<float> actual, ReadOnlySpan<double> expected)
    {
        Assert.Equal(expected.Length, actual.Length);
        double error = 0, norm = 1e-60;
        for (var i = 0; i < actual.Length; i++)
        {
            Assert.False(float.IsNaN(actual[i]), $"element {i} is not a number");
            error += (actual[i] - expected[i]) * (actual[i] - expected[i]);
            norm += expected[i] * expected[i];
        }

        return Math.Sqrt(error / norm);
    }

    public static readonly int[] ThreadCounts = [1, 2, 3, 4];

    public static void WithPools(Action<WorkerPool> body)
    {
        foreach (var threads in ThreadCounts)
        {
            using var pool = new WorkerPool(threads);
            body(pool);
        }
    }
}

namespace PersonaTune.Engine.Tests.Kernels;

/// <summary>Seeded test data and the error measures that kernel tests share.</summary>
internal static class Numbers
{
    public static float[] Normal(int seed, int count, float deviation = 1f)
    {
        var random = new Random(seed);
        var values = new float[count];
        for (var i = 0; i < count; i++)
            values[i] = deviation * (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
        return values;
    }

    /// <summary>|a - b| / |b| in the Euclidean norm; the norm of the difference where b is zero.</summary>
    public static double RelativeError(ReadOnlySpan<float> actual, ReadOnlySpan<double> expected)
    {
        Assert.Equal(expected.Length, actual.Length);
        double difference = 0, norm = 0;
        for (var i = 0; i < actual.Length; i++)
        {
            difference += (actual[i] - expected[i]) * (actual[i] - expected[i]);
            norm += expected[i] * expected[i];
        }

        return norm == 0 ? Math.Sqrt(difference) : Math.Sqrt(difference / norm);
    }

    public static double RelativeError(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected)
    {
        var wide = new double[expected.Length];
        for (var i = 0; i < wide.Length; i++) wide[i] = expected[i];
        return RelativeError(actual, wide);
    }

    /// <summary>Central differences of a scalar function at x; <paramref name="function"/> sees x changed in place.</summary>
    public static double[] Gradient(float[] x, Func<double> function, float step = 1e-2f)
    {
        var gradient = new double[x.Length];
        for (var i = 0; i < x.Length; i++)
        {
            var saved = x[i];
            x[i] = saved + step;
            var (above, high) = (function(), x[i]);
            x[i] = saved - step;
            var (below, low) = (function(), x[i]);
            x[i] = saved;
            gradient[i] = (above - below) / ((double)high - low);
        }

        return gradient;
    }

    public static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var sum = 0.0;
        for (var i = 0; i < a.Length; i++) sum += (double)a[i] * b[i];
        return sum;
    }
}

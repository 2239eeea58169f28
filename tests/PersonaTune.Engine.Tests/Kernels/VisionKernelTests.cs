using PersonaTune.Engine.Kernels;

namespace PersonaTune.Engine.Tests.Kernels;

/// <summary>The kernels of picture encoders against plain double-precision forms and finite differences.</summary>
public sealed unsafe class VisionKernelTests
{
    [Fact]
    public void Gelu_of_every_length_to_257_agrees_with_the_error_function()
    {
        for (var n = 0; n <= 257; n++)
        {
            var x = Numbers.Normal(n, n, 2f);
            var y = new float[n];
            Gelu.Forward(x, y);
            for (var i = 0; i < n; i++) Assert.Equal(x[i] * Phi(x[i]), y[i], 1e-6);
            var dy = Numbers.Normal(n + 1, n);
            var dx = (float[])dy.Clone();
            Gelu.BackwardInPlace(x, dx);
            for (var i = 0; i < n; i++) Assert.Equal(dy[i] * (Phi(x[i]) + x[i] * Math.Exp(-0.5 * x[i] * x[i]) / Math.Sqrt(2 * Math.PI)), dx[i], 3e-6);
        }
    }

    [Fact]
    public void Layer_normalization_of_every_width_to_257_agrees_and_its_gradient_with_finite_differences()
    {
        for (var n = 1; n <= 257; n++)
        {
            float[] x = Numbers.Normal(n, n, 3f), gain = Numbers.Normal(n + 1, n), shift = Numbers.Normal(n + 2, n), y = new float[n];
            var mean = x.Average(v => (double)v);
            var reciprocal = 1 / Math.Sqrt(x.Average(v => (v - mean) * (v - mean)) + 1e-5);
            var (foundMean, foundReciprocal) = LayerNorm.Forward(x, gain, shift, y, 1e-5f);
            Assert.Equal(mean, foundMean, 1e-5);
            Assert.Equal(reciprocal, foundReciprocal, 1e-4 * reciprocal);
            Assert.True(Numbers.RelativeError(y, [.. x.Select((v, i) => (v - mean) * reciprocal * gain[i] + shift[i])]) < 2e-6, $"width {n}");
            if (n is not (7 or 32 or 45)) continue;
            var dy = Numbers.Normal(n + 3, n);
            var expected = Numbers.Gradient(x, () =>
            {
                LayerNorm.Forward(x, gain, shift, y, 1e-5f);
                return Numbers.Dot(y, dy);
            });
            var dx = new float[n];
            LayerNorm.Backward(x, foundMean, foundReciprocal, gain, dy, dx);
            Assert.True(Numbers.RelativeError(dx, expected) < 2e-3);
        }
    }

    [Theory]
    [InlineData(1, 4)]
    [InlineData(5, 3)]
    [InlineData(17, 8)]
    [InlineData(65, 32)]
    public void Full_attention_agrees_and_its_gradients_with_finite_differences(int tokens, int head)
    {
        var stride = head + 3;
        float[] q = Numbers.Normal(1, tokens * stride), k = Numbers.Normal(2, tokens * stride), v = Numbers.Normal(3, tokens * stride), o = new float[tokens * stride];
        var scratch = new float[FullAttention.Scratch(tokens, head)];
        var scale = 1f / MathF.Sqrt(head);
        void Forward()
        {
            fixed (float* pq = q, pk = k, pv = v, po = o, ps = scratch) FullAttention.Forward(pq, pk, pv, po, stride, tokens, head, scale, ps);
        }

        Forward();
        for (var i = 0; i < tokens; i++)
        {
            var scores = Enumerable.Range(0, tokens).Select(j => Math.Exp(scale * Enumerable.Range(0, head).Sum(d => (double)q[i * stride + d] * k[j * stride + d]))).ToArray();
            for (var d = 0; d < head; d++) Assert.Equal(Enumerable.Range(0, tokens).Sum(j => scores[j] * v[j * stride + d]) / scores.Sum(), o[i * stride + d], 1e-5);
        }

        if (tokens > 20) return;
        var dO = Numbers.Normal(4, tokens * stride);
        for (var i = 0; i < tokens; i++) dO.AsSpan(i * stride + head, stride - head).Clear();
        float[] dq = new float[q.Length], dk = new float[k.Length], dv = new float[v.Length];
        fixed (float* pq = q, pk = k, pv = v, pd = dO, gq = dq, gk = dk, gv = dv, ps = scratch)
            FullAttention.Backward(pq, pk, pv, pd, gq, gk, gv, stride, tokens, head, scale, ps);
        foreach (var (x, dx) in new[] { (q, dq), (k, dk), (v, dv) })
            Assert.True(Numbers.RelativeError(dx, Numbers.Gradient(x, () =>
            {
                Forward();
                return Numbers.Dot(o, dO);
            })) < 5e-3);
    }

    [Fact]
    public void Pair_products_are_exact_for_every_shape()
    {
        var random = new Random(4);
        foreach (var (m, n, k) in new[] { (1, 1, 1), (1, 16, 2), (7, 5, 3), (8, 33, 17), (9, 16, 64), (13, 31, 255), (25, 48, 1024), (64, 17, 33) })
        {
            var weights = new byte[n * k];
            random.NextBytes(weights);
            var zero = random.Next(256);
            PairPanels panels;
            fixed (byte* pw = weights) panels = new PairPanels(pw, n, k, zero);
            using (panels)
            {
                var x = new short[m * panels.Pairs * 2];
                for (var i = 0; i < m; i++)
                    for (var c = 0; c < k; c++) x[i * panels.Pairs * 2 + c] = (short)random.Next(-255, 256);
                int[] actual = new int[m * panels.Panels * 16], scalar = new int[actual.Length];
                fixed (short* px = x)
                fixed (int* pa = actual, ps = scalar)
                {
                    PairGemm.Multiply(px, m, panels, pa);
                    PairGemm.MultiplyScalar(px, m, panels, ps);
                }

                Assert.Equal(scalar, actual);
                for (var i = 0; i < m; i++)
                    for (var r = 0; r < n; r++)
                        Assert.Equal(Enumerable.Range(0, k).Sum(c => x[i * panels.Pairs * 2 + c] * (weights[r * k + c] - zero)), actual[i * panels.Panels * 16 + r]);
            }
        }
    }

    [Fact]
    public void Requantization_rounds_ties_to_even_and_stays_in_its_range()
    {
        var half = new Requantization(0.5f, 10, 3, 200);
        foreach (var (sum, expected) in new[] { (0, 10), (1, 10), (2, 11), (3, 12), (5, 12), (-1, 10), (-3, 8), (1_000_000, 200), (-1_000_000, 3), (int.MaxValue, 200), (int.MinValue, 3) })
            Assert.Equal(expected, half.Apply(sum));
        var random = new Random(6);
        for (var n = 0; n <= 257; n++)
        {
            var r = new Requantization((float)random.NextDouble() * 0.01f + 1e-6f, random.Next(256), 0, 255);
            int[] sums = [.. Enumerable.Range(0, n).Select(_ => random.Next(-200_000, 200_000))], bias = [.. Enumerable.Range(0, n).Select(_ => random.Next(-2_000, 2_000))];
            var y = new byte[n];
            fixed (int* ps = sums, pb = bias)
            fixed (byte* py = y) r.Apply(ps, pb, n, py);
            Assert.Equal(sums.Zip(bias, (s, b) => r.Apply(s + b)), y);
            float[] factors = [.. Enumerable.Range(0, n).Select(_ => (float)random.NextDouble() * 0.01f + 1e-6f)];
            fixed (int* ps = sums, pb = bias)
            fixed (float* pf = factors)
            fixed (byte* py = y) r.Apply(ps, pb, n, py, pf);
            Assert.Equal(sums.Zip(bias, (s, b) => s + b).Zip(factors, (sum, factor) => r.Apply(sum, factor)), y);
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => new Requantization(0f, 0, 0, 255));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Requantization(float.NaN, 0, 0, 255));
    }

    [Fact]
    public void Products_of_every_length_to_257_are_those_of_their_values()
    {
        for (var n = 0; n <= 257; n++)
        {
            float[] x = Numbers.Normal(1, n), y = Numbers.Normal(2, n);
            var expected = x.Zip(y, (a, b) => a * b).ToArray();
            Elementwise.Multiply(x, y);
            Assert.Equal(expected, y);
        }
    }

    [Theory]
    [InlineData(1, 3, 1)]
    [InlineData(5, 3, 2)]
    [InlineData(19, 5, 1)]
    [InlineData(40, 3, 2)]
    public void Depthwise_sums_and_gradients_agree_with_the_definition(int channels, int kernel, int stride)
    {
        const int Height = 7, Width = 6;
        var (rows, columns, pad) = ((Height + stride - 1) / stride, (Width + stride - 1) / stride, kernel / 2);
        float[] x = Numbers.Normal(1, Height * Width * channels), taps = Numbers.Normal(2, kernel * kernel * channels), dy = Numbers.Normal(3, rows * columns * channels);
        double[] expectedGradient = new double[x.Length];
        float[] y = new float[rows * columns * channels], dx = new float[x.Length];
        fixed (float* px = x, pt = taps, py = y, pd = dy, pg = dx)
        {
            for (var r = 0; r < rows; r++)
                for (var c = 0; c < columns; c++)
                    DepthwisePixel.Sum(px, Height, Width, channels, pt, kernel, kernel, r * stride - pad, c * stride - pad, py + (r * columns + c) * channels);
            DepthwiseGradient.Add(pd, rows, columns, pt, kernel, kernel, stride, stride, pad, pad, pg, Height, Width, channels, 0, channels);
        }

        for (var r = 0; r < rows; r++)
            for (var c = 0; c < columns; c++)
                for (var channel = 0; channel < channels; channel++)
                {
                    var sum = 0.0;
                    for (var ky = 0; ky < kernel; ky++)
                        for (var kx = 0; kx < kernel; kx++)
                        {
                            var (iy, ix) = (r * stride - pad + ky, c * stride - pad + kx);
                            if (iy is < 0 or >= Height || ix is < 0 or >= Width) continue;
                            var tap = taps[(ky * kernel + kx) * channels + channel];
                            sum += (double)x[(iy * Width + ix) * channels + channel] * tap;
                            expectedGradient[(iy * Width + ix) * channels + channel] += (double)dy[(r * columns + c) * channels + channel] * tap;
                        }

                    Assert.Equal(sum, y[(r * columns + c) * channels + channel], 1e-5);
                }

        Assert.True(Numbers.RelativeError(dx, expectedGradient) < 1e-6);
    }

    // The error function by its series, in double precision.
    private static double Phi(double x)
    {
        double z = Math.Min(6, Math.Abs(x)) / Math.Sqrt(2), term = z, sum = z;
        for (var n = 1; n < 200; n++)
        {
            term *= -z * z / n;
            sum += term / (2 * n + 1);
        }

        var half = sum / Math.Sqrt(Math.PI);
        return x < 0 ? 0.5 - half : 0.5 + half;
    }
}

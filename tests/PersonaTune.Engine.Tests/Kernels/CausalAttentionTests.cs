using PersonaTune.Engine.Kernels;

namespace PersonaTune.Engine.Tests.Kernels;

public sealed unsafe class CausalAttentionTests
{
    [Theory]
    [InlineData(1, 4)]
    [InlineData(7, 6)]
    [InlineData(48, 8)]
    [InlineData(101, 16)]
    [InlineData(150, 48)]
    public void Forward_and_backward_agree_with_plain_double_precision(int tokens, int width)
    {
        const int Group = 2;
        var stride = Group * width + 3;
        float[] q = Numbers.Normal(1, tokens * stride), k = Numbers.Normal(2, tokens * stride), v = Numbers.Normal(3, tokens * stride);
        float[] dO = Numbers.Normal(4, tokens * stride), o = new float[tokens * stride], log = new float[Group * tokens];
        var scratch = new float[CausalAttention.BackwardScratch(tokens, width)];
        double[] expectedO = new double[o.Length], dQ = new double[q.Length], dK = new double[k.Length], dV = new double[v.Length];
        for (var g = 0; g < Group; g++) Reference(q, k, v, dO, g * width, tokens, width, stride, expectedO, dQ, dK, dV);
        fixed (float* pq = q, pk = k, pv = v, po = o, pd = dO, pl = log, ps = scratch)
        {
            for (var g = 0; g < Group; g++)
                CausalAttention.Forward(pq + g * width, stride, pk, pv, stride, po + g * width, pl + g * tokens, tokens, width, 1 / MathF.Sqrt(width), ps);
            AssertClose(expectedO, o, Group * width);
            CausalAttention.Backward(pq, stride, pk, pv, stride, po, pd, pl, tokens, Group, tokens, width, 1 / MathF.Sqrt(width), ps);
        }

        AssertClose(dQ, q, Group * width);
        AssertClose(dK, k, width);
        AssertClose(dV, v, width);

        // Elements that the heads do not own are untouched; only owned ones are compared.
        void AssertClose(double[] expected, float[] actual, int owned)
        {
            double difference = 0, norm = 0;
            for (var i = 0; i < actual.Length; i++)
            {
                if (i % stride >= owned) continue;
                difference += Math.Pow(actual[i] - expected[i], 2);
                norm += expected[i] * expected[i];
            }

            Assert.True(Math.Sqrt(difference) <= 1e-5 * Math.Sqrt(norm) + 1e-6, $"error {Math.Sqrt(difference):E2} of {Math.Sqrt(norm):E2}");
        }
    }

    private static void Reference(float[] q, float[] k, float[] v, float[] dO, int head, int tokens, int width, int stride,
        double[] o, double[] dQ, double[] dK, double[] dV)
    {
        var scale = 1 / Math.Sqrt(width);
        for (var i = 0; i < tokens; i++)
        {
            var p = new double[i + 1];
            for (var j = 0; j <= i; j++)
            {
                for (var c = 0; c < width; c++) p[j] += (double)q[i * stride + head + c] * k[j * stride + c];
                p[j] = Math.Exp(scale * p[j]);
            }

            var sum = p.Sum();
            var slope = new double[i + 1];
            var mean = 0.0;
            for (var j = 0; j <= i; j++)
            {
                p[j] /= sum;
                for (var c = 0; c < width; c++)
                {
                    o[i * stride + head + c] += p[j] * v[j * stride + c];
                    slope[j] += (double)dO[i * stride + head + c] * v[j * stride + c];
                    dV[j * stride + c] += p[j] * dO[i * stride + head + c];
                }

                mean += p[j] * slope[j];
            }

            for (var j = 0; j <= i; j++)
                for (var c = 0; c < width; c++)
                {
                    dQ[i * stride + head + c] += scale * p[j] * (slope[j] - mean) * k[j * stride + c];
                    dK[j * stride + c] += scale * p[j] * (slope[j] - mean) * q[i * stride + head + c];
                }
        }
    }
}

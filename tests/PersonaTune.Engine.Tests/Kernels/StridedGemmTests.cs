using PersonaTune.Engine.Kernels;

namespace PersonaTune.Engine.Tests.Kernels;

public sealed unsafe class StridedGemmTests
{
    public static TheoryData<int, int, int> Shapes
    {
        get
        {
            var data = new TheoryData<int, int, int>();
            foreach (var m in new[] { 1, 3, 4, 6, 8, 13, 48 })
                foreach (var n in new[] { 1, 7, 8, 15, 16, 24, 33, 48, 65 })
                    foreach (var k in new[] { 0, 1, 5, 48, 300 }) data.Add(m, n, k);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Every_tile_and_remainder_agrees_bit_for_bit_with_the_scalar_chain(int m, int n, int k)
    {
        foreach (var transposed in new[] { false, true })
            foreach (var accumulate in new[] { false, true })
            {
                int rowStride = transposed ? 1 : k + 2, columnStride = transposed ? m + 1 : 1;
                float[] a = Numbers.Normal(1, (m + 2) * (k + 2) + 8), b = Numbers.Normal(2, (k + 1) * (n + 3) + 8);
                float[] actual = Numbers.Normal(3, m * (n + 1)), expected = (float[])actual.Clone();
                fixed (float* pa = a, pb = b, pc = actual, pe = expected)
                {
                    StridedGemm.Multiply(pa, rowStride, columnStride, pb, n + 3, pc, n + 1, m, n, k, 0.7f, accumulate);
                    for (var p = 0; p < Math.Max(1, k); p += 256)
                        StridedGemm.MultiplyScalar(pa + (long)p * columnStride, rowStride, columnStride, pb + (long)p * (n + 3), n + 3, pe, n + 1, m, n,
                            Math.Min(256, k - p), 0.7f, accumulate || p > 0);
                }

                Assert.True(Numbers.RelativeError(actual, expected) < 1e-6, $"transposed {transposed}, accumulate {accumulate}");
                if (System.Runtime.Intrinsics.X86.Fma.IsSupported) Assert.Equal(expected, actual);
            }
    }
}

using PersonaTune.Engine.Kernels;

namespace PersonaTune.Engine.Tests.Kernels;

public unsafe class GemmTests
{
    private static readonly int[] Lengths = [1, 2, 3, 5, 6, 7, 8, 9, 11, 12, 13, 15, 16, 17, 24, 31, 32, 33, 48, 63, 65, 100, 129];

    [Fact]
    public void EveryRowCountAgreesWithFloat64() => Sweep((length, _) => (length, 19, 37));

    [Fact]
    public void EveryColumnCountAgreesWithFloat64() => Sweep((length, _) => (7, length, 37));

    [Fact]
    public void EveryDepthAgreesWithFloat64()
    {
        for (var k = 0; k <= 257; k++) CheckAll(5, 18, k, k);
    }

    [Fact]
    public void DepthsOfSeveralBlocksAgreeWithFloat64()
    {
        CheckAll(14, 35, 512, 1);
        CheckAll(14, 35, 700, 2);
    }

    [Fact]
    public void StridesAlphaAndAccumulationAreHonoured()
    {
        const int M = 9, N = 21, K = 40, Lda = 50, Ldb = 61, Ldc = 33;
        var a = KernelData.Floats(M * Lda, 1);
        var b = KernelData.Floats(N * Ldb, 2);
        var c = KernelData.Floats(M * Ldc, 3);
        var before = (float[])c.Clone();
        Gemm.NT(a, b, c, M, N, K, Lda, Ldb, Ldc, alpha: -0.5f, accumulate: true);
        for (var i = 0; i < M; i++)
        {
            for (var j = 0; j < Ldc; j++)
            {
                var expected = (double)before[i * Ldc + j];
                if (j < N)
                    for (var p = 0; p < K; p++) expected -= 0.5 * a[i * Lda + p] * b[j * Ldb + p];
                Assert.Equal(expected, c[i * Ldc + j], 1e-5);
            }
        }
    }

    [Fact]
    public void EveryThreadCountGivesTheSameBits()
    {
        foreach (var (m, n, k) in ((int, int, int)[])[(67, 130, 300), (300, 8, 64), (8, 300, 64), (64, 48, 16), (5, 3, 2)])
        {
            var a = KernelData.Floats(m * k, 1);
            var b = KernelData.Floats(n * k, 2);
            var single = new float[3][];
            for (var form = 0; form < 3; form++) Run(form, null, a, b, single[form] = new float[m * n], m, n, k);
            KernelData.WithPools(pool =>
            {
                for (var form = 0; form < 3; form++)
                {
                    var shared = new float[m * n];
                    Run(form, pool, a, b, shared, m, n, k);
                    Assert.Equal(single[form], shared);
                }
            });
        }
    }

    [Theory]
    [InlineData(nameof(VectorWidth.V128))]
    [InlineData(nameof(VectorWidth.V256))]
    [InlineData(nameof(VectorWidth.V512))]
    public void EveryTileAgreesWithTheScalarTile(string name)
    {
        var width = Enum.Parse<VectorWidth>(name);
        if (width == VectorWidth.V256 && !System.Runtime.Intrinsics.X86.Fma.IsSupported) return;
        var columns = width == VectorWidth.V512 ? 32 : 16;
        const int K = 70, Ldc = 40;
        var random = new Random(4);
        for (var rows = 1; rows <= 40; rows++)
        {
            foreach (var used in (int[])[1, columns / 2, columns - 1, columns])
            {
                var a = KernelData.Floats(rows * K, rows);
                var panel = new float[K * columns];
                var narrow = new float[2][];
                for (var half = 0; half < 2; half++) narrow[half] = new float[K * 16];
                for (var p = 0; p < K; p++)
                    for (var j = 0; j < used; j++)
                        panel[p * columns + j] = narrow[j / 16][p * 16 + j % 16] = (float)random.NextDouble() - 0.5f;
                float[] expected = KernelData.Floats(rows * Ldc, 9), actual = KernelData.Floats(rows * Ldc, 9);
                fixed (float* pa = a, pb = panel, n0 = narrow[0], n1 = narrow[1], pe = expected, pc = actual)
                {
                    GemmTile.Panel(VectorWidth.Scalar, pa, K, 1, n0, K, pe, Ldc, rows, Math.Min(16, used), 2, true);
                    if (used > 16) GemmTile.Panel(VectorWidth.Scalar, pa, K, 1, n1, K, pe + 16, Ldc, rows, used - 16, 2, true);
                    GemmTile.Panel(width, pa, K, 1, pb, K, pc, Ldc, rows, used, 2, true);
                }

                for (var i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i], 2e-5f);
            }
        }
    }

    [Fact]
    public void ShortSpansAndStridesAreRefused()
    {
        Assert.Throws<ArgumentException>(() => Gemm.NT(new float[5], new float[6], new float[9], 3, 3, 2));
        Assert.Throws<ArgumentException>(() => Gemm.NN(new float[6], new float[5], new float[9], 3, 3, 2));
        Assert.Throws<ArgumentException>(() => Gemm.TN(new float[6], new float[6], new float[8], 3, 3, 2));
        var stride = Assert.Throws<ArgumentException>(() => Gemm.NT(new float[6], new float[6], new float[9], 3, 3, 2, lda: 1));
        Assert.Contains("stride of 1", stride.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentNullException>(() => Gemm.NT(null!, new float[6], new float[6], new float[9], 3, 3, 2));
    }

    private static void Sweep(Func<int, int, (int M, int N, int K)> shape)
    {
        foreach (var length in Lengths)
        {
            var (m, n, k) = shape(length, 0);
            CheckAll(m, n, k, length);
        }
    }

    private static void CheckAll(int m, int n, int k, int seed)
    {
        var a = KernelData.Floats(m * k, seed);
        var b = KernelData.Floats(n * k, seed + 1000);
        var expected = KernelData.ProductNT(a, b, m, n, k);
        for (var form = 0; form < 3; form++)
        {
            var c = KernelData.Floats(m * n, 5);
            Run(form, null, a, b, c, m, n, k);
            Assert.True(KernelData.RelativeError(c, expected) < 1e-6, $"form {form}, ({m}, {n}, {k})");
        }
    }

    // The same product in each of the three forms: operands are transposed to fit.
    private static void Run(int form, WorkerPool? pool, float[] a, float[] b, float[] c, int m, int n, int k)
    {
        var at = form == 2 ? KernelData.Transposed(a, m, k) : a;
        var bt = form == 0 ? b : KernelData.Transposed(b, n, k);
        switch (form)
        {
            case 0 when pool is null: Gemm.NT(at, bt, c, m, n, k); break;
            case 0: Gemm.NT(pool, at, bt, c, m, n, k); break;
            case 1 when pool is null: Gemm.NN(at, bt, c, m, n, k); break;
            case 1: Gemm.NN(pool, at, bt, c, m, n, k); break;
            case 2 when pool is null: Gemm.TN(at, bt, c, m, n, k); break;
            default: Gemm.TN(pool!, at, bt, c, m, n, k); break;
        }
    }
}

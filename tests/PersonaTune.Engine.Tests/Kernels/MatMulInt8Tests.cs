using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Tests.Kernels;

public unsafe class MatMulInt8Tests
{
    public static TheoryData<TensorType> RoundedTypes => [.. KernelData.Types.Where(MatMul.UsesInt8)];

    [Theory]
    [MemberData(nameof(RoundedTypes))]
    public void ForwardInt8EqualsTheFloat64ProductOfTheRoundedActivations(TensorType type)
    {
        using var pool = new WorkerPool(2);
        foreach (var (tokens, rows, columns) in Shapes(type))
        {
            var w = KernelData.Weights(type, rows, columns, 1);
            var x = KernelData.Floats(tokens * columns, 2);
            var rounded = new QuantizedActivations();
            rounded.Quantize(pool, x, tokens, columns);
            var expected = KernelData.ProductNT(KernelData.Restored(rounded), KernelData.Decoded(w), tokens, rows, columns);
            var y = KernelData.Floats(tokens * rows, 3);
            MatMul.ForwardInt8(pool, x, rounded, w, y);
            Assert.True(KernelData.RelativeError(y, expected) < 2e-6, $"{type} ({tokens}, {rows}, {columns}): {KernelData.RelativeError(y, expected)}");

            MatMul.ForwardInt8(pool, x, w, y, tokens, accumulate: true);
            for (var i = 0; i < expected.Length; i++) expected[i] *= 2;
            Assert.True(KernelData.RelativeError(y, expected) < 2e-6, $"{type} ({tokens}, {rows}, {columns}) accumulated");
        }
    }

    [Theory]
    [MemberData(nameof(RoundedTypes))]
    public void RoundingTheActivationsCostsLessThanOnePercent(TensorType type)
    {
        using var pool = new WorkerPool(2);
        var w = KernelData.Weights(type, 64, 1024, 1);
        var x = KernelData.Floats(3 * 1024, 2);
        var exact = KernelData.ProductNT(x, KernelData.Decoded(w), 3, 64, 1024);
        var y = new float[3 * 64];
        MatMul.ForwardInt8(pool, x, w, y, 3);
        var error = KernelData.RelativeError(y, exact);
        Assert.InRange(error, 1e-5, 0.01);
        MatMul.Vector(pool, x, w, y);
        Assert.InRange(KernelData.RelativeError(y.AsSpan(0, 64), exact.AsSpan(0, 64)), 1e-5, 0.01);
        MatMul.VectorF32(pool, x, w, y);
        Assert.InRange(KernelData.RelativeError(y.AsSpan(0, 64), exact.AsSpan(0, 64)), 0, 1e-6);
    }

    [Theory]
    [MemberData(nameof(RoundedTypes))]
    public void EveryThreadCountGivesTheSameBits(TensorType type)
    {
        foreach (var (tokens, rows, columns) in Shapes(type))
        {
            var w = KernelData.Weights(type, rows, columns, 1);
            var x = KernelData.Floats(tokens * columns, 2);
            float[]? first = null;
            KernelData.WithPools(pool =>
            {
                var y = new float[tokens * rows];
                MatMul.ForwardInt8(pool, x, w, y, tokens);
                Assert.Equal(first ??= y, y);
            });
        }
    }

    [Theory]
    [MemberData(nameof(RoundedTypes))]
    public void PortableAndScalarRowsAgreeWithFloat64(TensorType type)
    {
        using var pool = new WorkerPool(1);
        var columns = type.BlockSize() * 3;
        var w = KernelData.Weights(type, 5, columns, 1);
        var x = KernelData.Floats(columns, 2);
        var rounded = new QuantizedActivations();
        rounded.Quantize(pool, x, 1, columns);
        var expected = KernelData.ProductNT(KernelData.Restored(rounded), KernelData.Decoded(w), 1, 5, columns);
        foreach (var vector in (bool[])[false, true])
        {
            var y = new float[5];
            for (var n = 0; n < 5; n++)
                y[n] = IntegerRowsPortable.Row(type, w.Data + n * w.RowBytes, rounded.Blocks, rounded.Values, rounded.Scales, rounded.Sums, vector);
            Assert.True(KernelData.RelativeError(y, expected) < 2e-6, $"{type}, vector {vector}");
        }
    }

    [Theory]
    [InlineData(TensorType.F32)]
    [InlineData(TensorType.F16)]
    [InlineData(TensorType.BF16)]
    public void PlainTypesKeepTheActivations(TensorType type)
    {
        using var pool = new WorkerPool(2);
        foreach (var columns in (int[])[1, 31, 33, 64])
        {
            var w = KernelData.Weights(type, 10, columns, 1);
            var x = KernelData.Floats(5 * columns, 2);
            var rounded = new QuantizedActivations();
            rounded.Quantize(pool, x, 5, columns);
            float[] exact = new float[50], viaInt8 = new float[50];
            MatMul.Forward(pool, x, w, exact, 5);
            MatMul.ForwardInt8(pool, x, rounded, w, viaInt8);
            Assert.Equal(exact, viaInt8);
        }
    }

    [Fact]
    public void TheLowestQ8ValueIsExact()
    {
        // -128 never comes out of the reference quantizer, but a file may hold it.
        var block = new byte[34];
        BitConverter.TryWriteBytes(block, BitConverter.HalfToUInt16Bits((Half)1));
        block.AsSpan(2).Fill(0x80);
        var w = WeightMatrix.FromBytes(TensorType.Q8_0, block, 1, 32);
        var x = Enumerable.Range(0, 32).Select(i => i % 2 == 0 ? -127f : 100f).ToArray();
        var y = new float[1];
        using var pool = new WorkerPool(1);
        MatMul.Vector(pool, x, w, y);
        Assert.Equal(-128f * x.Sum(), y[0]);
        var many = new float[40];
        MatMul.ForwardInt8(pool, [.. Enumerable.Repeat(x, 40).SelectMany(v => v)], w, many, 40);
        Assert.All(many, v => Assert.Equal(-128f * x.Sum(), v));
    }

    [Fact]
    public void QuantizationRoundsEachBlockAndPadsTheLast()
    {
        using var pool = new WorkerPool(2);
        var values = stackalloc sbyte[32];
        var block = stackalloc float[32];
        var numbers = stackalloc float[4];
        for (var columns = 1; columns <= 257; columns++)
        {
            foreach (var tokens in columns % 64 == 1 ? (int[])[1, 3, 20] : [2])
            {
                var x = KernelData.Floats(tokens * columns, columns);
                var rounded = new QuantizedActivations();
                rounded.Quantize(pool, x, tokens, columns);
                Assert.Equal((tokens, columns, (columns + 31) / 32), (rounded.Tokens, rounded.Columns, rounded.Blocks));
                for (var t = 0; t < tokens; t++)
                {
                    for (var b = 0; b < rounded.Blocks; b++)
                    {
                        for (var i = 0; i < 32; i++) block[i] = b * 32 + i < columns ? x[t * columns + b * 32 + i] : 0;
                        ActivationQuantizer.BlockScalar(block, values, numbers, numbers + 1, numbers + 2);
                        var at = t * rounded.Blocks + b;
                        Assert.Equal(numbers[0], rounded.Scales[at]);
                        Assert.Equal(numbers[1], rounded.Sums[at]);
                        Assert.Equal(numbers[2], rounded.HalfSums[2 * at]);
                        Assert.Equal(numbers[3], rounded.HalfSums[2 * at + 1]);
                        for (var i = 0; i < 32; i++)
                        {
                            Assert.Equal(values[i], rounded.Values[at * 32 + i]);
                            Assert.InRange(rounded.Values[at * 32 + i] * rounded.Scales[at], block[i] - rounded.Scales[at] * 0.5001f, block[i] + rounded.Scales[at] * 0.5001f);
                        }
                    }
                }
            }
        }
    }

    [Fact]
    public void ExtremeActivationsStayFinite()
    {
        using var pool = new WorkerPool(1);
        var w = KernelData.Weights(TensorType.Q8_0, 4, 64, 1);
        var x = new float[64];
        var y = new float[4];
        MatMul.Vector(pool, x, w, y);
        Assert.All(y, v => Assert.Equal(0, v));
        Array.Fill(x, float.Epsilon);
        MatMul.Vector(pool, x, w, y);
        Assert.All(y, v => Assert.True(float.IsFinite(v)));
    }

    [Fact]
    public void AWidthThatDoesNotFitIsRefused()
    {
        using var pool = new WorkerPool(1);
        var w = KernelData.Weights(TensorType.Q8_0, 4, 64, 1);
        var rounded = new QuantizedActivations();
        rounded.Quantize(pool, new float[32], 1, 32);
        var thrown = Assert.Throws<ArgumentException>(() => MatMul.ForwardInt8(pool, new float[64], rounded, w, new float[4]));
        Assert.Contains("32 columns", thrown.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => MatMul.Vector(pool, new float[63], w, new float[4]));
        Assert.Throws<ArgumentException>(() => rounded.Quantize(pool, new float[3], 2, 2));
    }

    private static IEnumerable<(int Tokens, int Rows, int Columns)> Shapes(TensorType type)
    {
        var unit = type.BlockSize();
        foreach (var tokens in (int[])[1, 2, 3, 4, 5, 7, 8, 13, 16])
            yield return (tokens, 37, unit * 2);
        foreach (var tokens in (int[])[1, 9, 33])
            foreach (var rows in (int[])[1, 2, 3, 4, 5, 15, 16, 17, 33])
                yield return (tokens, rows, unit);
        foreach (var blocks in (int[])[3, 5, 9, 17])
            yield return (18, 21, unit * blocks);
        yield return (300, 19, unit * 3);
    }
}

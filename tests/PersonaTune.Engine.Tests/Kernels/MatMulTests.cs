using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Tests.Kernels;

public class MatMulTests
{
    public static TheoryData<TensorType> AllTypes => KernelData.AllTypes;

    [Theory]
    [MemberData(nameof(AllTypes))]
    public void ForwardAgreesWithFloat64(TensorType type)
    {
        using var pool = new WorkerPool(2);
        foreach (var (tokens, rows, columns) in Shapes(type))
        {
            var w = KernelData.Weights(type, rows, columns, 1);
            var x = KernelData.Floats(tokens * columns, 2);
            var expected = KernelData.ProductNT(x, KernelData.Decoded(w), tokens, rows, columns);
            var y = KernelData.Floats(tokens * rows, 3);
            MatMul.Forward(pool, x, w, y, tokens);
            Assert.True(KernelData.RelativeError(y, expected) < 1e-6, $"{type} ({tokens}, {rows}, {columns})");

            MatMul.Forward(pool, x, w, y, tokens, accumulate: true);
            for (var i = 0; i < expected.Length; i++) expected[i] *= 2;
            Assert.True(KernelData.RelativeError(y, expected) < 1e-6, $"{type} ({tokens}, {rows}, {columns}) accumulated");
        }
    }

    [Theory]
    [MemberData(nameof(AllTypes))]
    public void BackwardInputAgreesWithFloat64(TensorType type)
    {
        using var pool = new WorkerPool(2);
        foreach (var (tokens, rows, columns) in Shapes(type))
        {
            var w = KernelData.Weights(type, rows, columns, 1);
            var dy = KernelData.Floats(tokens * rows, 2);
            var transposed = KernelData.Transposed(KernelData.Decoded(w), rows, columns);
            var expected = KernelData.ProductNT(dy, transposed, tokens, columns, rows);
            var dx = KernelData.Floats(tokens * columns, 3);
            MatMul.BackwardInput(pool, dy, w, dx, tokens);
            Assert.True(KernelData.RelativeError(dx, expected) < 1e-6, $"{type} ({tokens}, {rows}, {columns})");

            MatMul.BackwardInput(pool, dy, w, dx, tokens, accumulate: true);
            for (var i = 0; i < expected.Length; i++) expected[i] *= 2;
            Assert.True(KernelData.RelativeError(dx, expected) < 1e-6, $"{type} ({tokens}, {rows}, {columns}) accumulated");
        }
    }

    [Theory]
    [MemberData(nameof(AllTypes))]
    public void EveryThreadCountGivesTheSameBits(TensorType type)
    {
        foreach (var (tokens, rows, columns) in Shapes(type))
        {
            var w = KernelData.Weights(type, rows, columns, 1);
            var x = KernelData.Floats(tokens * columns, 2);
            var dy = KernelData.Floats(tokens * rows, 3);
            float[]? firstY = null, firstDx = null;
            KernelData.WithPools(pool =>
            {
                var y = new float[tokens * rows];
                var dx = new float[tokens * columns];
                MatMul.Forward(pool, x, w, y, tokens);
                MatMul.BackwardInput(pool, dy, w, dx, tokens);
                Assert.Equal(firstY ??= y, y);
                Assert.Equal(firstDx ??= dx, dx);
            });
        }
    }

    [Fact]
    public void PlainWidthsNeedNoMultipleOfAnything()
    {
        using var pool = new WorkerPool(2);
        for (var columns = 1; columns <= 257; columns += columns < 40 ? 1 : 31)
        {
            foreach (var type in (TensorType[])[TensorType.F32, TensorType.F16, TensorType.BF16])
            {
                var w = KernelData.Weights(type, 9, columns, columns);
                var x = KernelData.Floats(3 * columns, 2);
                var y = new float[3 * 9];
                MatMul.Forward(pool, x, w, y, 3);
                var expected = KernelData.ProductNT(x, KernelData.Decoded(w), 3, 9, columns);
                Assert.True(KernelData.RelativeError(y, expected) < 1e-6, $"{type}, {columns} columns");
            }
        }
    }

    [Fact]
    public void ShortSpansAreRefused()
    {
        using var pool = new WorkerPool(1);
        var w = KernelData.Weights(TensorType.F32, 4, 6, 1);
        Assert.Throws<ArgumentException>(() => MatMul.Forward(pool, new float[11], w, new float[8], 2));
        Assert.Throws<ArgumentException>(() => MatMul.Forward(pool, new float[12], w, new float[7], 2));
        Assert.Throws<ArgumentException>(() => MatMul.BackwardInput(pool, new float[7], w, new float[12], 2));
        Assert.Throws<ArgumentException>(() => MatMul.Forward(pool, new float[12], default, new float[8], 2));
        Assert.Throws<ArgumentNullException>(() => MatMul.Forward(null!, new float[12], w, new float[8], 2));
    }

    private static IEnumerable<(int Tokens, int Rows, int Columns)> Shapes(TensorType type)
    {
        var unit = Math.Max(32, type.BlockSize());
        foreach (var tokens in (int[])[1, 2, 3, 4, 5, 7, 13])
            yield return (tokens, 37, unit * 2);
        foreach (var rows in (int[])[1, 2, 15, 16, 17, 33])
            yield return (6, rows, unit);
        yield return (300, 3, unit);
        yield return (8, 70, unit * (unit == 256 ? 3 : 11));
        yield return (5, 290, unit);

        // More tokens than a block, with several blocks of the depth, of the rows and of the columns: panels are kept and used again.
        yield return (200, 70, unit * (unit == 256 ? 2 : 13));
        yield return (200, 530, unit);
        yield return (200, 20, unit * (unit == 256 ? 3 : 17));
    }
}

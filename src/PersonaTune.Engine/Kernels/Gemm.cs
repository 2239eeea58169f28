namespace PersonaTune.Engine.Kernels;

/// <summary>
/// Products of two f32 matrices, row-major with free row strides: the building blocks of attention and of LoRA's small factors.
/// <code>
/// NT: c (M, N) = alpha a (M, K) b (N, K)ᵀ
/// NN: c (M, N) = alpha a (M, K) b (K, N)
/// TN: c (M, N) = alpha a (K, M)ᵀ b (K, N)
/// </code>
/// A stride (lda, ldb, ldc) is the distance in elements between the starts of two rows; 0 means that rows are contiguous. With
/// accumulate the product is added to c. The overloads without a pool run on the calling thread; those with one share the rows or
/// columns of c between its threads, with the same bits as result whatever their number.
/// </summary>
/// <remarks>Thread-safe; spans must not overlap c. Nothing is allocated in steady use.</remarks>
public static unsafe class Gemm
{
    private const int DepthBlock = 256;

    /// <summary>c (M, N) = alpha a (M, K) b (N, K)ᵀ on the calling thread.</summary>
    /// <exception cref="ArgumentException">A span is too short for its shape, or a stride shorter than its row.</exception>
    public static void NT(
        ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> c, int m, int n, int k,
        int lda = 0, int ldb = 0, int ldc = 0, float alpha = 1, bool accumulate = false) =>
        Run(null, a, b, c, m, n, k, lda, ldb, ldc, alpha, accumulate, transposeA: false, transposeB: true);

    /// <summary>c (M, N) = alpha a (M, K) b (K, N) on the calling thread.</summary>
    /// <exception cref="ArgumentException">A span is too short for its shape, or a stride shorter than its row.</exception>
    public static void NN(
        ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> c, int m, int n, int k,
        int lda = 0, int ldb = 0, int ldc = 0, float alpha = 1, bool accumulate = false) =>
        Run(null, a, b, c, m, n, k, lda, ldb, ldc, alpha, accumulate, transposeA: false, transposeB: false);

    /// <summary>c (M, N) = alpha a (K, M)ᵀ b (K, N) on the calling thread.</summary>
    /// <exception cref="ArgumentException">A span is too short for its shape, or a stride shorter than its row.</exception>
    public static void TN(
        ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> c, int m, int n, int k,
        int lda = 0, int ldb = 0, int ldc = 0, float alpha = 1, bool accumulate = false) =>
        Run(null, a, b, c, m, n, k, lda, ldb, ldc, alpha, accumulate, transposeA: true, transposeB: false);

    /// <summary>c (M, N) = alpha a (M, K) b (N, K)ᵀ on the threads of <paramref name="pool"/>.</summary>
    /// <exception cref="ArgumentException">A span is too short for its shape, or a stride shorter than its row.</exception>
    public static void NT(
        WorkerPool pool, ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> c, int m, int n, int k,
        int lda = 0, int ldb = 0, int ldc = 0, float alpha = 1, bool accumulate = false)
    {
        ArgumentNullException.ThrowIfNull(pool);
        Run(pool, a, b, c, m, n, k, lda, ldb, ldc, alpha, accumulate, transposeA: false, transposeB: true);
    }

    /// <summary>c (M, N) = alpha a (M, K) b (K, N) on the threads of <paramref name="pool"/>.</summary>
    /// <exception cref="ArgumentException">A span is too short for its shape, or a stride shorter than its row.</exception>
    public static void NN(
        WorkerPool pool, ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> c, int m, int n, int k,
        int lda = 0, int ldb = 0, int ldc = 0, float alpha = 1, bool accumulate = false)
    {
        ArgumentNullException.ThrowIfNull(pool);
        Run(pool, a, b, c, m, n, k, lda, ldb, ldc, alpha, accumulate, transposeA: false, transposeB: false);
    }

    /// <summary>c (M, N) = alpha a (K, M)ᵀ b (K, N) on the threads of <paramref name="pool"/>.</summary>
    /// <exception cref="ArgumentException">A span is too short for its shape, or a stride shorter than its row.</exception>
    public static void TN(
        WorkerPool pool, ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> c, int m, int n, int k,
        int lda = 0, int ldb = 0, int ldc = 0, float alpha = 1, bool accumulate = false)
    {
        ArgumentNullException.ThrowIfNull(pool);
        Run(pool, a, b, c, m, n, k, lda, ldb, ldc, alpha, accumulate, transposeA: true, transposeB: false);
    }

    private static void Run(
        WorkerPool? pool, ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> c, int m, int n, int k,
        int lda, int ldb, int ldc, float alpha, bool accumulate, bool transposeA, bool transposeB)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(m);
        ArgumentOutOfRangeException.ThrowIfNegative(n);
        ArgumentOutOfRangeException.ThrowIfNegative(k);
        lda = Checked(a.Length, transposeA ? k : m, transposeA ? m : k, lda, nameof(a));
        ldb = Checked(b.Length, transposeB ? n : k, transposeB ? k : n, ldb, nameof(b));
        ldc = Checked(c.Length, m, n, ldc, nameof(c));
        if (m == 0 || n == 0) return;
        if (k == 0)
        {
            if (!accumulate)
                for (var i = 0; i < m; i++) c.Slice(i * ldc, n).Clear();
            return;
        }

        fixed (float* pa = a, pb = b, pc = c)
        {
            var operands = new Operands(pa, pb, pc, m, n, k, transposeA ? 1 : lda, transposeA ? lda : 1, ldb, ldc, alpha, accumulate, transposeB);
            if (pool is null || pool.Threads == 1)
            {
                Part(operands, 0, 1);
                return;
            }

            // Share out the longer side of c in whole tiles; a few parts a thread even out what else the machine does.
            var tiles = Math.Max((m + GemmTile.Rows - 1) / GemmTile.Rows, (n + GemmTile.Columns - 1) / GemmTile.Columns);
            pool.Run(operands, Math.Min(tiles, pool.Threads * 4), static (o, part, parts) => Part(o, part, parts));
        }
    }

    private static int Checked(int length, int rows, int columns, int stride, string name)
    {
        if (stride == 0) stride = columns;
        if (stride < columns) throw new ArgumentException($"{name} has rows of {columns} elements but a stride of {stride}", name);
        if (rows > 0 && (long)(rows - 1) * stride + columns > length)
            throw new ArgumentException($"{name} is ({rows}, {columns}) with stride {stride} and needs {(long)(rows - 1) * stride + columns} elements, found {length}", name);
        return stride;
    }

    private static void Part(in Operands o, int part, int parts)
    {
        int row = 0, rows = o.M, column = 0, columns = o.N;
        if (parts > 1)
        {
            if ((o.M + GemmTile.Rows - 1) / GemmTile.Rows >= (o.N + GemmTile.Columns - 1) / GemmTile.Columns)
                (row, rows) = Share(o.M, GemmTile.Rows, part, parts);
            else
                (column, columns) = Share(o.N, GemmTile.Columns, part, parts);
        }

        // Few columns take a narrower panel; the sums are the same chains, so the bits are too.
        var narrow = o.N <= 8 && GemmTile.Width >= VectorWidth.V256;
        var vectors = o.N <= 16 && GemmTile.Width == VectorWidth.V512 ? VectorWidth.V256 : GemmTile.Width;
        var width = narrow ? 8 : vectors == VectorWidth.V512 ? 32 : 16;
        var panel = KernelScratch.Floats(DepthBlock * width);
        for (var p = 0; p < o.K; p += DepthBlock)
        {
            var depth = Math.Min(DepthBlock, o.K - p);
            var add = o.Accumulate || p > 0;
            for (var j = column; j < column + columns; j += width)
            {
                var used = Math.Min(width, column + columns - j);
                if (o.TransposeB) GemmPack.Transposed(o.B + j * o.StrideB + p, o.StrideB, used, depth, panel, width);
                else GemmPack.Straight(o.B + p * o.StrideB + j, o.StrideB, used, depth, panel, width);
                if (narrow)
                    GemmTile.NarrowPanel(
                        o.A + row * o.RowA + p * o.ColumnA, o.RowA, o.ColumnA, panel, depth,
                        o.C + row * o.StrideC + j, o.StrideC, rows, used, o.Alpha, add);
                else
                    GemmTile.Panel(
                        vectors, o.A + row * o.RowA + p * o.ColumnA, o.RowA, o.ColumnA, panel, depth,
                        o.C + row * o.StrideC + j, o.StrideC, rows, used, o.Alpha, add);
            }
        }
    }

    /// <summary>The part's share of <paramref name="count"/> items in whole <paramref name="unit"/>s.</summary>
    internal static (int First, int Count) Share(int count, int unit, int part, int parts)
    {
        var units = (count + unit - 1) / unit;
        var first = (int)((long)units * part / parts) * unit;
        var end = Math.Min(count, (int)((long)units * (part + 1) / parts) * unit);
        return (first, Math.Max(0, end - first));
    }

    private readonly struct Operands(
        float* a, float* b, float* c, int m, int n, int k, nint rowA, nint columnA, nint strideB, nint strideC, float alpha, bool accumulate, bool transposeB)
    {
        public readonly float* A = a;
        public readonly float* B = b;
        public readonly float* C = c;
        public readonly int M = m;
        public readonly int N = n;
        public readonly int K = k;
        public readonly nint RowA = rowA;
        public readonly nint ColumnA = columnA;
        public readonly nint StrideB = strideB;
        public readonly nint StrideC = strideC;
        public readonly float Alpha = alpha;
        public readonly bool Accumulate = accumulate;
        public readonly bool TransposeB = transposeB;
    }
}

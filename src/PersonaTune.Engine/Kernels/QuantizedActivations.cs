using System.Runtime.CompilerServices;

namespace PersonaTune.Engine.Kernels;

/// <summary>
/// Activations (T, K) rounded to signed 8 bits in blocks of 32 along K, each with an f32 scale: what the integer products of
/// <see cref="MatMul"/> read. Quantize once, then multiply with every matrix that takes the same input (q, k and v; gate and up).
/// </summary>
/// <remarks>
/// The memory is pinned, grows to the largest input and is then reused. One thread may write at a time; reading is thread-safe.
/// </remarks>
public sealed unsafe class QuantizedActivations
{
    private byte[] _memory = [];

    /// <summary>Tokens T of the last input.</summary>
    public int Tokens { get; private set; }

    /// <summary>Columns K of the last input.</summary>
    public int Columns { get; private set; }

    /// <summary>Blocks of 32 a token; the last one is padded with zeros.</summary>
    internal int Blocks { get; private set; }

    /// <summary>Values, (T, 32 Blocks).</summary>
    internal sbyte* Values { get; private set; }

    /// <summary>Scale of each block, (T, Blocks).</summary>
    internal float* Scales { get; private set; }

    /// <summary>Scale times the sum of each block, (T, Blocks): what offsets and minima of weights multiply.</summary>
    internal float* Sums { get; private set; }

    /// <summary>Scale times the sum of each half block of 16, (T, 2 Blocks).</summary>
    internal float* HalfSums { get; private set; }

    /// <summary>Rounds x (T, K); what was held before is lost. Every block depends on its own 32 values alone.</summary>
    /// <exception cref="ArgumentException">x holds fewer than T x K values.</exception>
    public void Quantize(WorkerPool pool, ReadOnlySpan<float> x, int tokens, int columns)
    {
        ArgumentNullException.ThrowIfNull(pool);
        ArgumentOutOfRangeException.ThrowIfNegative(tokens);
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        if (x.Length < (long)tokens * columns)
            throw new ArgumentException($"{tokens} tokens of {columns} need {(long)tokens * columns} values, found {x.Length}", nameof(x));
        Reserve(tokens, columns);
        fixed (float* px = x)
        {
            if (tokens < 8) ActivationQuantizer.Rows(px, columns, this, 0, tokens);
            else
                pool.Run((X: (nint)px, Q: this), Math.Min(tokens / 4, pool.Threads * 4), static (s, part, parts) =>
                {
                    var (first, count) = Gemm.Share(s.Q.Tokens, 1, part, parts);
                    ActivationQuantizer.Rows((float*)s.X, s.Q.Columns, s.Q, first, count);
                });
        }
    }

    private void Reserve(int tokens, int columns)
    {
        var blocks = (columns + 31) / 32;
        var count = checked(tokens * blocks);
        var bytes = checked(count * (32 + 16) + 64);
        if (_memory.Length < bytes) _memory = GC.AllocateUninitializedArray<byte>(bytes, pinned: true);
        Tokens = tokens;
        Columns = columns;
        Blocks = blocks;
        Values = (sbyte*)(((nint)Unsafe.AsPointer(ref _memory[0]) + 63) & ~(nint)63);
        Scales = (float*)(Values + count * 32);
        Sums = Scales + count;
        HalfSums = Sums + count;
    }
}

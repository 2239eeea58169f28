using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace PersonaTune.Privacy.Mechanisms;

/// <summary>
/// The Walsh-Hadamard transform x to
/// H x, H(i, j) = (-1)^popcount(i and j), in place and not normalized: applied twice it multiplies by the length. Lengths are powers of
/// two; n log2 n additions. Scalar and vector path add in the same order and give the same bits. Thread-safe.
/// </summary>
/// <remarks>
/// Butterflies go from the largest distance to the smallest. Above 4,096 values two levels are done in one pass over memory, then each
/// quarter is transformed by itself, so that it soon fits the caches; below, everything happens in the first-level cache.
/// </remarks>
public static class WalshHadamard
{
    private const int BlockLength = 4096;

    /// <summary>Transforms <paramref name="values"/> in place.</summary>
    /// <param name="values">Their number is a power of two.</param>
    /// <exception cref="ArgumentException">The length is not a power of two.</exception>
    public static void Transform(Span<float> values)
    {
        if (!BitOperations.IsPow2(values.Length))
            throw new ArgumentException($"Walsh-Hadamard: {values.Length} values, expected a power of two; pad with zeros", nameof(values));
        if (Vector256.IsHardwareAccelerated && values.Length >= Vector256<float>.Count)
            Recurse(ref MemoryMarshal.GetReference(values), values.Length);
        else Scalar(values);
    }

    /// <summary>The reference: one level after the other.</summary>
    internal static void Scalar(Span<float> values)
    {
        for (var half = values.Length / 2; half > 0; half /= 2)
            for (var start = 0; start < values.Length; start += 2 * half)
                for (var i = start; i < start + half; i++)
                    (values[i], values[i + half]) = (values[i] + values[i + half], values[i] - values[i + half]);
    }

    private static void Recurse(ref float x, int length)
    {
        if (length <= BlockLength)
        {
            Block(ref x, length);
            return;
        }

        var quarter = length / 4;
        TwoLevels(ref x, quarter);
        for (var i = 0; i < 4; i++) Recurse(ref Unsafe.Add(ref x, i * quarter), quarter);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Block(ref float x, int length)
    {
        var part = length;
        for (; part >= 4 * Vector256<float>.Count; part /= 4)
            for (var start = 0; start < length; start += part) TwoLevels(ref Unsafe.Add(ref x, start), part / 4);
        if (part == 2 * Vector256<float>.Count)
        {
            for (var i = 0; i < length; i += part)
            {
                ref var first = ref Unsafe.Add(ref x, i);
                ref var second = ref Unsafe.Add(ref first, Vector256<float>.Count);
                var (a, b) = (Vector256.LoadUnsafe(ref first), Vector256.LoadUnsafe(ref second));
                InVector(a + b).StoreUnsafe(ref first);
                InVector(a - b).StoreUnsafe(ref second);
            }

            return;
        }

        for (var i = 0; i < length; i += Vector256<float>.Count)
        {
            ref var at = ref Unsafe.Add(ref x, i);
            InVector(Vector256.LoadUnsafe(ref at)).StoreUnsafe(ref at);
        }
    }

    /// <summary>Distances 2 q and q on 4 q values, q a multiple of the vector's length.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TwoLevels(ref float x, int q)
    {
        for (var i = 0; i < q; i += Vector256<float>.Count)
        {
            ref var p0 = ref Unsafe.Add(ref x, i);
            ref var p1 = ref Unsafe.Add(ref p0, q);
            ref var p2 = ref Unsafe.Add(ref p1, q);
            ref var p3 = ref Unsafe.Add(ref p2, q);
            var (x0, x1, x2, x3) = (Vector256.LoadUnsafe(ref p0), Vector256.LoadUnsafe(ref p1), Vector256.LoadUnsafe(ref p2),
                Vector256.LoadUnsafe(ref p3));
            Vector256<float> a = x0 + x2, b = x1 + x3, c = x0 - x2, d = x1 - x3;
            (a + b).StoreUnsafe(ref p0);
            (a - b).StoreUnsafe(ref p1);
            (c + d).StoreUnsafe(ref p2);
            (c - d).StoreUnsafe(ref p3);
        }
    }

    /// <summary>Distances 4, 2 and 1: each value becomes its partner plus or minus itself.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> InVector(Vector256<float> v)
    {
        v = Vector256.Shuffle(v, Vector256.Create(4, 5, 6, 7, 0, 1, 2, 3)) + (v * Vector256.Create(1f, 1, 1, 1, -1, -1, -1, -1));
        v = Vector256.Shuffle(v, Vector256.Create(2, 3, 0, 1, 6, 7, 4, 5)) + (v * Vector256.Create(1f, 1, -1, -1, 1, 1, -1, -1));
        return Vector256.Shuffle(v, Vector256.Create(1, 0, 3, 2, 5, 4, 7, 6)) + (v * Vector256.Create(1f, -1, 1, -1, 1, -1, 1, -1));
    }
}

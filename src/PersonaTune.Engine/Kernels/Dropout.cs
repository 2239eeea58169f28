using System.Numerics;
using System.Runtime.InteropServices;

namespace PersonaTune.Engine.Kernels;

/// <summary>
/// Inverted dropout (Srivastava et al. 2014) without a stored mask: element i of a stream is dropped if a 32-bit hash of i and the stream's
/// 64-bit key falls below the probability. The hash is two rounds of MurmurHash3's finalizer, keyed before each; the same key gives the same mask.
/// </summary>
public static class Dropout
{
    /// <summary>y = x / (1 - probability) where kept, 0 where dropped; element j of the span is number firstIndex + j of the stream.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Forward(ReadOnlySpan<float> x, Span<float> y, float probability, ulong key, uint firstIndex)
    {
        Elementwise.RequireEqual(x.Length, y.Length);
        Apply(x, y, probability, key, firstIndex, add: false);
    }

    /// <summary>dx += dy / (1 - probability) where kept.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Backward(ReadOnlySpan<float> dy, Span<float> dx, float probability, ulong key, uint firstIndex)
    {
        Elementwise.RequireEqual(dy.Length, dx.Length);
        Apply(dy, dx, probability, key, firstIndex, add: true);
    }

    private static void Apply(ReadOnlySpan<float> source, Span<float> target, float probability, ulong key, uint firstIndex, bool add)
    {
        ref var xs = ref MemoryMarshal.GetReference(source);
        ref var ys = ref MemoryMarshal.GetReference(target);
        var threshold = (uint)(probability * 4294967296.0);
        var scale = 1f / (1f - probability);
        var (low, high) = ((uint)key, (uint)(key >> 32));
        var indices = Vector.CreateSequence(firstIndex, 1u);
        var i = 0;
        for (; i <= source.Length - Vector<float>.Count; i += Vector<float>.Count, indices += new Vector<uint>((uint)Vector<float>.Count))
        {
            var hash = Mix(Mix(indices * 0x9E3779B9u + new Vector<uint>(low)) ^ new Vector<uint>(high));
            var kept = Vector.AsVectorSingle(Vector.GreaterThanOrEqual(hash, new Vector<uint>(threshold)));
            var value = Vector.BitwiseAnd(Vector.LoadUnsafe(ref xs, (nuint)i) * scale, kept);
            (add ? Vector.LoadUnsafe(ref ys, (nuint)i) + value : value).StoreUnsafe(ref ys, (nuint)i);
        }

        for (; i < source.Length; i++)
        {
            var hash = Mix(Mix(unchecked((firstIndex + (uint)i) * 0x9E3779B9u + low)) ^ high);
            var value = hash >= threshold ? source[i] * scale : 0f;
            target[i] = add ? target[i] + value : value;
        }
    }

    private static Vector<uint> Mix(Vector<uint> h)
    {
        h ^= Vector.ShiftRightLogical(h, 16);
        h *= 0x85EBCA6Bu;
        h ^= Vector.ShiftRightLogical(h, 13);
        h *= 0xC2B2AE35u;
        return h ^ Vector.ShiftRightLogical(h, 16);
    }

    private static uint Mix(uint h)
    {
        unchecked
        {
            h ^= h >> 16;
            h *= 0x85EBCA6Bu;
            h ^= h >> 13;
            h *= 0xC2B2AE35u;
            return h ^ (h >> 16);
        }
    }
}

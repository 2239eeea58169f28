using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using PersonaTune.Engine.Models;

namespace PersonaTune.Engine.Kernels;

/// <summary>Rotary position embedding (Su et al. 2021), in place. A rotation's gradient is the opposite rotation.</summary>
public static class Rope
{
    /// <summary>Rotates x (tokens, heads, headLength); token t stands at position firstPosition + t.</summary>
    /// <exception cref="ArgumentException">A length does not fit, or a position is beyond the table.</exception>
    public static void Forward(Span<float> x, int tokens, int heads, int headLength, int firstPosition, RopeTable table) =>
        Rotate(x, tokens, heads, headLength, firstPosition, table, 1f);

    /// <summary>Turns the gradient dy (tokens, heads, headLength) into dx, in place.</summary>
    /// <exception cref="ArgumentException">A length does not fit, or a position is beyond the table.</exception>
    public static void Backward(Span<float> dy, int tokens, int heads, int headLength, int firstPosition, RopeTable table) =>
        Rotate(dy, tokens, heads, headLength, firstPosition, table, -1f);

    /// <summary>The plain form.</summary>
    internal static void RotateScalar(Span<float> x, int tokens, int heads, int headLength, int firstPosition, RopeTable table, float direction)
    {
        for (var t = 0; t < tokens; t++)
            for (var h = 0; h < heads; h++)
                for (var i = 0; i < headLength / 2; i++)
                {
                    var row = x.Slice((t * heads + h) * headLength, headLength);
                    var adjacent = table.Style == RopeStyle.AdjacentPairs;
                    var (first, second) = adjacent ? (2 * i, 2 * i + 1) : (i, i + headLength / 2);
                    var entry = (firstPosition + t) * table.Width + (adjacent ? 2 * i + 1 : i);
                    var (c, s) = (table.Cos[entry], direction * table.Sin[entry]);
                    (row[first], row[second]) = (row[first] * c - row[second] * s, row[first] * s + row[second] * c);
                }
    }

    private static void Rotate(Span<float> x, int tokens, int heads, int headLength, int firstPosition, RopeTable table, float direction)
    {
        if (x.Length != (long)tokens * heads * headLength)
            throw new ArgumentException($"expected {tokens} x {heads} x {headLength} values, found {x.Length}", nameof(x));
        if (headLength != table.HeadLength)
            throw new ArgumentException($"the table is for heads of {table.HeadLength}, found {headLength}", nameof(table));
        ArgumentOutOfRangeException.ThrowIfNegative(firstPosition);
        if (firstPosition > table.Positions - tokens)
            throw new ArgumentException($"positions up to {(long)firstPosition + tokens - 1} are needed, the table ends at {table.Positions - 1}", nameof(table));
        for (var t = 0; t < tokens; t++)
        {
            var cos = table.Cos.AsSpan((firstPosition + t) * table.Width, table.Width);
            var sin = table.Sin.AsSpan((firstPosition + t) * table.Width, table.Width);
            for (var h = 0; h < heads; h++)
            {
                var head = x.Slice((t * heads + h) * headLength, headLength);
                if (table.Style == RopeStyle.AdjacentPairs) RotateAdjacent(head, cos, sin, direction);
                else RotateHalves(head, cos, sin, direction);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void RotateAdjacent(Span<float> head, ReadOnlySpan<float> cos, ReadOnlySpan<float> sin, float direction)
    {
        ref var xs = ref MemoryMarshal.GetReference(head);
        ref var cs = ref MemoryMarshal.GetReference(cos);
        ref var ss = ref MemoryMarshal.GetReference(sin);
        var d = new Vector<float>(direction);
        var i = 0;
        for (; i <= head.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var v = Vector.LoadUnsafe(ref xs, (nuint)i);
            var bits = Vector.AsVectorUInt64(v);
            var swapped = Vector.AsVectorSingle(Vector.ShiftLeft(bits, 32) | Vector.ShiftRightLogical(bits, 32));
            (v * Vector.LoadUnsafe(ref cs, (nuint)i) + swapped * (d * Vector.LoadUnsafe(ref ss, (nuint)i))).StoreUnsafe(ref xs, (nuint)i);
        }

        for (; i < head.Length; i += 2)
        {
            var (a, b, s) = (head[i], head[i + 1], direction * sin[i + 1]);
            head[i] = a * cos[i] - b * s;
            head[i + 1] = a * s + b * cos[i];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void RotateHalves(Span<float> head, ReadOnlySpan<float> cos, ReadOnlySpan<float> sin, float direction)
    {
        var half = head.Length / 2;
        ref var xs = ref MemoryMarshal.GetReference(head);
        ref var cs = ref MemoryMarshal.GetReference(cos);
        ref var ss = ref MemoryMarshal.GetReference(sin);
        var d = new Vector<float>(direction);
        var i = 0;
        for (; i <= half - Vector<float>.Count; i += Vector<float>.Count)
        {
            var a = Vector.LoadUnsafe(ref xs, (nuint)i);
            var b = Vector.LoadUnsafe(ref xs, (nuint)(i + half));
            var c = Vector.LoadUnsafe(ref cs, (nuint)i);
            var s = d * Vector.LoadUnsafe(ref ss, (nuint)i);
            (a * c - b * s).StoreUnsafe(ref xs, (nuint)i);
            (a * s + b * c).StoreUnsafe(ref xs, (nuint)(i + half));
        }

        for (; i < half; i++)
        {
            var (a, b, s) = (head[i], head[i + half], direction * sin[i]);
            head[i] = a * cos[i] - b * s;
            head[i + half] = a * s + b * cos[i];
        }
    }
}

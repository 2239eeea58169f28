using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace PersonaTune.Engine.Kernels;

// Inner products of a tile: each (row, position) sum has its own vector accumulator in one fixed order. Vector256 becomes two Vector128
// where 256-bit vectors are missing.
internal static unsafe partial class CachedAttention
{
    /// <summary>scores (rows, Chunk) = q (rows, length) keys (count, length)ᵀ.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Scores(float** queries, int rows, float* keys, int count, int length, float* scores)
    {
        var r = 0;
        for (; r + 2 <= rows; r += 2)
        {
            var k = 0;
            for (; k + 4 <= count; k += 4)
            {
                Dot4(queries[r], queries[r + 1], keys + (long)k * length, length, scores + r * Chunk + k, scores + (r + 1) * Chunk + k);
            }

            for (; k < count; k++)
            {
                scores[r * Chunk + k] = Dot(queries[r], keys + (long)k * length, length);
                scores[(r + 1) * Chunk + k] = Dot(queries[r + 1], keys + (long)k * length, length);
            }
        }

        if (r < rows)
        {
            var k = 0;
            for (; k + 4 <= count; k += 4) Dot4(queries[r], keys + (long)k * length, length, scores + r * Chunk + k);
            for (; k < count; k++) scores[r * Chunk + k] = Dot(queries[r], keys + (long)k * length, length);
        }
    }

    /// <summary>outputs (rows, length) += weights (rows, Chunk) values (count, length).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Mix(float* weights, int rows, float* values, int count, int length, float** outputs)
    {
        var r = 0;
        for (; r + 2 <= rows; r += 2)
        {
            float* w0 = weights + r * Chunk, w1 = w0 + Chunk, y0 = outputs[r], y1 = outputs[r + 1];
            var i = 0;
            for (; i + 32 <= length; i += 32)
            {
                Vector256<float> a0 = Vector256.Load(y0 + i), a1 = Vector256.Load(y0 + i + 8), a2 = Vector256.Load(y0 + i + 16), a3 = Vector256.Load(y0 + i + 24);
                Vector256<float> b0 = Vector256.Load(y1 + i), b1 = Vector256.Load(y1 + i + 8), b2 = Vector256.Load(y1 + i + 16), b3 = Vector256.Load(y1 + i + 24);
                var v = values + i;
                for (var k = 0; k < count; k++, v += length)
                {
                    Vector256<float> v0 = Vector256.Load(v), v1 = Vector256.Load(v + 8), v2 = Vector256.Load(v + 16), v3 = Vector256.Load(v + 24);
                    var first = Vector256.Create(w0[k]);
                    a0 = Vector256.MultiplyAddEstimate(first, v0, a0);
                    a1 = Vector256.MultiplyAddEstimate(first, v1, a1);
                    a2 = Vector256.MultiplyAddEstimate(first, v2, a2);
                    a3 = Vector256.MultiplyAddEstimate(first, v3, a3);
                    var second = Vector256.Create(w1[k]);
                    b0 = Vector256.MultiplyAddEstimate(second, v0, b0);
                    b1 = Vector256.MultiplyAddEstimate(second, v1, b1);
                    b2 = Vector256.MultiplyAddEstimate(second, v2, b2);
                    b3 = Vector256.MultiplyAddEstimate(second, v3, b3);
                }

                a0.Store(y0 + i);
                a1.Store(y0 + i + 8);
                a2.Store(y0 + i + 16);
                a3.Store(y0 + i + 24);
                b0.Store(y1 + i);
                b1.Store(y1 + i + 8);
                b2.Store(y1 + i + 16);
                b3.Store(y1 + i + 24);
            }

            MixTail(w0, values, count, length, y0, i);
            MixTail(w1, values, count, length, y1, i);
        }

        if (r < rows) MixRow(weights + r * Chunk, values, count, length, outputs[r]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MixRow(float* weights, float* values, int count, int length, float* y)
    {
        var i = 0;
        for (; i + 32 <= length; i += 32)
        {
            Vector256<float> a0 = Vector256.Load(y + i), a1 = Vector256.Load(y + i + 8), a2 = Vector256.Load(y + i + 16), a3 = Vector256.Load(y + i + 24);
            var v = values + i;
            for (var k = 0; k < count; k++, v += length)
            {
                var weight = Vector256.Create(weights[k]);
                a0 = Vector256.MultiplyAddEstimate(weight, Vector256.Load(v), a0);
                a1 = Vector256.MultiplyAddEstimate(weight, Vector256.Load(v + 8), a1);
                a2 = Vector256.MultiplyAddEstimate(weight, Vector256.Load(v + 16), a2);
                a3 = Vector256.MultiplyAddEstimate(weight, Vector256.Load(v + 24), a3);
            }

            a0.Store(y + i);
            a1.Store(y + i + 8);
            a2.Store(y + i + 16);
            a3.Store(y + i + 24);
        }

        MixTail(weights, values, count, length, y, i);
    }

    private static void MixTail(float* weights, float* values, int count, int length, float* y, int i)
    {
        for (; i + 8 <= length; i += 8)
        {
            var sum = Vector256.Load(y + i);
            for (var k = 0; k < count; k++)
                sum = Vector256.MultiplyAddEstimate(Vector256.Create(weights[k]), Vector256.Load(values + (long)k * length + i), sum);
            sum.Store(y + i);
        }

        for (; i < length; i++)
        {
            var sum = y[i];
            for (var k = 0; k < count; k++) sum += weights[k] * values[(long)k * length + i];
            y[i] = sum;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Dot4(float* q0, float* q1, float* keys, int length, float* sums0, float* sums1)
    {
        Vector256<float> a0 = default, a1 = default, a2 = default, a3 = default, b0 = default, b1 = default, b2 = default, b3 = default;
        float* k1 = keys + length, k2 = k1 + length, k3 = k2 + length;
        var i = 0;
        for (; i + 8 <= length; i += 8)
        {
            Vector256<float> v0 = Vector256.Load(keys + i), v1 = Vector256.Load(k1 + i), v2 = Vector256.Load(k2 + i), v3 = Vector256.Load(k3 + i);
            var first = Vector256.Load(q0 + i);
            a0 = Vector256.MultiplyAddEstimate(first, v0, a0);
            a1 = Vector256.MultiplyAddEstimate(first, v1, a1);
            a2 = Vector256.MultiplyAddEstimate(first, v2, a2);
            a3 = Vector256.MultiplyAddEstimate(first, v3, a3);
            var second = Vector256.Load(q1 + i);
            b0 = Vector256.MultiplyAddEstimate(second, v0, b0);
            b1 = Vector256.MultiplyAddEstimate(second, v1, b1);
            b2 = Vector256.MultiplyAddEstimate(second, v2, b2);
            b3 = Vector256.MultiplyAddEstimate(second, v3, b3);
        }

        Sums(a0, a1, a2, a3).Store(sums0);
        Sums(b0, b1, b2, b3).Store(sums1);
        if (i == length) return;
        DotTail(q0, keys, i, length, sums0);
        DotTail(q1, keys, i, length, sums1);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Dot4(float* q, float* keys, int length, float* sums)
    {
        Vector256<float> a0 = default, a1 = default, a2 = default, a3 = default;
        float* k1 = keys + length, k2 = k1 + length, k3 = k2 + length;
        var i = 0;
        for (; i + 8 <= length; i += 8)
        {
            var v = Vector256.Load(q + i);
            a0 = Vector256.MultiplyAddEstimate(v, Vector256.Load(keys + i), a0);
            a1 = Vector256.MultiplyAddEstimate(v, Vector256.Load(k1 + i), a1);
            a2 = Vector256.MultiplyAddEstimate(v, Vector256.Load(k2 + i), a2);
            a3 = Vector256.MultiplyAddEstimate(v, Vector256.Load(k3 + i), a3);
        }

        Sums(a0, a1, a2, a3).Store(sums);
        if (i < length) DotTail(q, keys, i, length, sums);
    }

    private static float Dot(float* q, float* key, int length)
    {
        var sum = Vector256<float>.Zero;
        var i = 0;
        for (; i + 8 <= length; i += 8) sum = Vector256.MultiplyAddEstimate(Vector256.Load(q + i), Vector256.Load(key + i), sum);
        var total = Sums(sum, sum, sum, sum).ToScalar(); // the same order of additions as four at a time
        for (; i < length; i++) total += q[i] * key[i];
        return total;
    }

    private static void DotTail(float* q, float* keys, int i, int length, float* sums)
    {
        for (; i < length; i++)
            for (var k = 0; k < 4; k++)
                sums[k] += q[i] * keys[(long)k * length + i];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Sums(Vector256<float> a, Vector256<float> b, Vector256<float> c, Vector256<float> d)
    {
        if (!Avx.IsSupported) return Vector128.Create(Vector256.Sum(a), Vector256.Sum(b), Vector256.Sum(c), Vector256.Sum(d));
        var pairs = Avx.HorizontalAdd(Avx.HorizontalAdd(a, b), Avx.HorizontalAdd(c, d));
        return pairs.GetLower() + pairs.GetUpper();
    }

    private static void Scale(float* values, int length, float factor)
    {
        var i = 0;
        for (; i + 8 <= length; i += 8) (Vector256.Load(values + i) * factor).Store(values + i);
        for (; i < length; i++) values[i] *= factor;
    }

    /// <summary>
    /// 16-bit floats to 32-bit ones with integer arithmetic and one conversion for subnormals: multiplying subnormal floats, as the usual
    /// trick does, costs a processor assist each.
    /// </summary>
    private static void Expand(ushort* source, float* target, int count)
    {
        var i = 0;
        var tiny = Vector256.Create(1f / 16777216f); // 2^-24, the unit of subnormal halves
        for (; i + 8 <= count; i += 8)
        {
            var bits = Vector256.WidenLower(Vector128.Load(source + i).ToVector256Unsafe());
            var sign = (bits & Vector256.Create(0x8000u)) << 16;
            var magnitude = bits & Vector256.Create(0x7fffu);
            var normal = (magnitude << 13) + Vector256.Create(112u << 23);
            var infinite = normal | Vector256.Create(0x7f800000u);
            var subnormal = (Vector256.ConvertToSingle(magnitude.AsInt32()) * tiny).AsUInt32();
            var value = Vector256.ConditionalSelect(Vector256.LessThan(magnitude, Vector256.Create(0x0400u)), subnormal, normal);
            value = Vector256.ConditionalSelect(Vector256.GreaterThanOrEqual(magnitude, Vector256.Create(0x7c00u)), infinite, value);
            (value | sign).AsSingle().Store(target + i);
        }

        for (; i < count; i++) target[i] = (float)BitConverter.UInt16BitsToHalf(source[i]);
    }
}

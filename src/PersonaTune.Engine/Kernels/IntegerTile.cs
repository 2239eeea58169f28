using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace PersonaTune.Engine.Kernels;

/// <summary>
/// The inner tiles of the 8-bit matrix product (AVX2): 6 tokens by 16 rows of W over whole blocks of 32.
/// <code>
/// c (6, 16) += sum over blocks of scale[n] xScale[t] (q[n] . x[t])
/// panel: Bytes: (block, 8, 16, 4) unsigned bytes below 32;  Words: (block, 16, 16, 2) signed words
/// scale: (block, 16) f32
/// </code>
/// Bytes below 32 times signed bytes stay within 16 bits for a whole block of 4-bit values (8 x 2 x 15 x 127 = 30,480) and for half a
/// block of 5-bit ones (4 x 2 x 31 x 127 = 31,496), so most additions are 16-bit. Values of 8 bits would overflow there; as words
/// they cost twice the multiplications and none of the corrections.
/// </summary>
internal static unsafe class IntegerTile
{
    public const int Rows = 6;
    public const int Columns = 16;

    /// <summary>Unsigned bytes; <paramref name="limit"/> steps of 4 fit 16 bits: 8 for 4-bit values, 4 for 5-bit ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Bytes(
        byte* panel, float* scale, int blocks, int limit, sbyte* x, nint stride, float* xScale, nint scaleStride, float* c, int used)
    {
        var last = used - 1;
        var x1 = Math.Min(1, last) * stride;
        var x2 = Math.Min(2, last) * stride;
        var x3 = Math.Min(3, last) * stride;
        var x4 = Math.Min(4, last) * stride;
        var x5 = Math.Min(5, last) * stride;
        var s1 = Math.Min(1, last) * scaleStride;
        var s2 = Math.Min(2, last) * scaleStride;
        var s3 = Math.Min(3, last) * scaleStride;
        var s4 = Math.Min(4, last) * scaleStride;
        var s5 = Math.Min(5, last) * scaleStride;
        for (var b = 0; b < blocks; b++)
        {
            for (var steps = 0; steps < 8; steps += limit)
            {
                Vector256<short> a00 = default, a01 = default;
                Vector256<short> a10 = default, a11 = default;
                Vector256<short> a20 = default, a21 = default;
                Vector256<short> a30 = default, a31 = default;
                Vector256<short> a40 = default, a41 = default;
                Vector256<short> a50 = default, a51 = default;
                for (var p = 0; p < limit; p++)
                {
                    var w0 = Vector256.Load(panel);
                    var w1 = Vector256.Load(panel + 32);
                    var v = Vector256.Create(*(int*)x).AsSByte();
                    a00 += Avx2.MultiplyAddAdjacent(w0, v);
                    a01 += Avx2.MultiplyAddAdjacent(w1, v);
                    v = Vector256.Create(*(int*)(x + x1)).AsSByte();
                    a10 += Avx2.MultiplyAddAdjacent(w0, v);
                    a11 += Avx2.MultiplyAddAdjacent(w1, v);
                    v = Vector256.Create(*(int*)(x + x2)).AsSByte();
                    a20 += Avx2.MultiplyAddAdjacent(w0, v);
                    a21 += Avx2.MultiplyAddAdjacent(w1, v);
                    v = Vector256.Create(*(int*)(x + x3)).AsSByte();
                    a30 += Avx2.MultiplyAddAdjacent(w0, v);
                    a31 += Avx2.MultiplyAddAdjacent(w1, v);
                    v = Vector256.Create(*(int*)(x + x4)).AsSByte();
                    a40 += Avx2.MultiplyAddAdjacent(w0, v);
                    a41 += Avx2.MultiplyAddAdjacent(w1, v);
                    v = Vector256.Create(*(int*)(x + x5)).AsSByte();
                    a50 += Avx2.MultiplyAddAdjacent(w0, v);
                    a51 += Avx2.MultiplyAddAdjacent(w1, v);
                    x += 4;
                    panel += 64;
                }

                Vector256<float> d0 = Vector256.Load(scale), d1 = Vector256.Load(scale + 8);
                Flush(c + 0, a00, a01, d0, d1, *(xScale));
                Flush(c + 16, a10, a11, d0, d1, *(xScale + s1));
                Flush(c + 32, a20, a21, d0, d1, *(xScale + s2));
                Flush(c + 48, a30, a31, d0, d1, *(xScale + s3));
                Flush(c + 64, a40, a41, d0, d1, *(xScale + s4));
                Flush(c + 80, a50, a51, d0, d1, *(xScale + s5));
            }

            scale += 16;
            xScale++;
        }
    }

    /// <summary>Signed words; activations widened to words as well.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Words(
        short* panel, float* scale, int blocks, short* x, nint stride, float* xScale, nint scaleStride, float* c, int used)
    {
        var last = used - 1;
        var x1 = Math.Min(1, last) * stride;
        var x2 = Math.Min(2, last) * stride;
        var x3 = Math.Min(3, last) * stride;
        var x4 = Math.Min(4, last) * stride;
        var x5 = Math.Min(5, last) * stride;
        var s1 = Math.Min(1, last) * scaleStride;
        var s2 = Math.Min(2, last) * scaleStride;
        var s3 = Math.Min(3, last) * scaleStride;
        var s4 = Math.Min(4, last) * scaleStride;
        var s5 = Math.Min(5, last) * scaleStride;
        for (var b = 0; b < blocks; b++)
        {
            Vector256<int> a00 = default, a01 = default;
            Vector256<int> a10 = default, a11 = default;
            Vector256<int> a20 = default, a21 = default;
            Vector256<int> a30 = default, a31 = default;
            Vector256<int> a40 = default, a41 = default;
            Vector256<int> a50 = default, a51 = default;
            for (var p = 0; p < 16; p++)
            {
                var w0 = Vector256.Load(panel);
                var w1 = Vector256.Load(panel + 16);
                var v = Vector256.Create(*(int*)x).AsInt16();
                a00 += Avx2.MultiplyAddAdjacent(v, w0);
                a01 += Avx2.MultiplyAddAdjacent(v, w1);
                v = Vector256.Create(*(int*)(x + x1)).AsInt16();
                a10 += Avx2.MultiplyAddAdjacent(v, w0);
                a11 += Avx2.MultiplyAddAdjacent(v, w1);
                v = Vector256.Create(*(int*)(x + x2)).AsInt16();
                a20 += Avx2.MultiplyAddAdjacent(v, w0);
                a21 += Avx2.MultiplyAddAdjacent(v, w1);
                v = Vector256.Create(*(int*)(x + x3)).AsInt16();
                a30 += Avx2.MultiplyAddAdjacent(v, w0);
                a31 += Avx2.MultiplyAddAdjacent(v, w1);
                v = Vector256.Create(*(int*)(x + x4)).AsInt16();
                a40 += Avx2.MultiplyAddAdjacent(v, w0);
                a41 += Avx2.MultiplyAddAdjacent(v, w1);
                v = Vector256.Create(*(int*)(x + x5)).AsInt16();
                a50 += Avx2.MultiplyAddAdjacent(v, w0);
                a51 += Avx2.MultiplyAddAdjacent(v, w1);
                x += 2;
                panel += 32;
            }

            Vector256<float> d0 = Vector256.Load(scale), d1 = Vector256.Load(scale + 8);
            Flush(c + 0, a00, a01, d0, d1, *(xScale));
            Flush(c + 16, a10, a11, d0, d1, *(xScale + s1));
            Flush(c + 32, a20, a21, d0, d1, *(xScale + s2));
            Flush(c + 48, a30, a31, d0, d1, *(xScale + s3));
            Flush(c + 64, a40, a41, d0, d1, *(xScale + s4));
            Flush(c + 80, a50, a51, d0, d1, *(xScale + s5));
            scale += 16;
            xScale++;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Flush(float* c, Vector256<short> low, Vector256<short> high, Vector256<float> d0, Vector256<float> d1, float scale) =>
        Flush(c, Avx2.MultiplyAddAdjacent(low, Vector256<short>.One), Avx2.MultiplyAddAdjacent(high, Vector256<short>.One), d0, d1, scale);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Flush(float* c, Vector256<int> low, Vector256<int> high, Vector256<float> d0, Vector256<float> d1, float scale)
    {
        var s = Vector256.Create(scale);
        Fma.MultiplyAdd(Avx.ConvertToVector256Single(low) * d0, s, Vector256.Load(c)).Store(c);
        Fma.MultiplyAdd(Avx.ConvertToVector256Single(high) * d1, s, Vector256.Load(c + 8)).Store(c + 8);
    }
}

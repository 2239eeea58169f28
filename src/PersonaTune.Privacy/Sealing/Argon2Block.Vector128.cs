using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace PersonaTune.Privacy.Sealing;

// A register of the matrix is one vector, so rows and columns differ only in their stride.
internal static unsafe partial class Argon2Block
{
    private static void CompressVector128(ulong* x, ulong* y, ulong* output, bool accumulate)
    {
        const int Vectors = Words / 2;
        var r = stackalloc Vector128<ulong>[Vectors];
        var z = stackalloc Vector128<ulong>[Vectors];
        for (var i = 0; i < Vectors; i++)
            z[i] = r[i] = Vector128.Load(x + (2 * i)) ^ Vector128.Load(y + (2 * i));
        for (var row = 0; row < 8; row++) Permute(z + (8 * row), 1);
        for (var column = 0; column < 8; column++) Permute(z + column, 8);
        for (var i = 0; i < Vectors; i++)
        {
            var mixed = r[i] ^ z[i];
            if (accumulate) mixed ^= Vector128.Load(output + (2 * i));
            mixed.Store(output + (2 * i));
        }
    }

    private static void Permute(Vector128<ulong>* v, int stride)
    {
        Vector128<ulong> a0 = v[0], a1 = v[stride], b0 = v[2 * stride], b1 = v[3 * stride];
        Vector128<ulong> c0 = v[4 * stride], c1 = v[5 * stride], d0 = v[6 * stride], d1 = v[7 * stride];
        Mix(ref a0, ref b0, ref c0, ref d0);
        Mix(ref a1, ref b1, ref c1, ref d1);
        var (b2, b3) = (Straddle(b0, b1), Straddle(b1, b0));
        var (c2, c3) = (c1, c0);
        var (d2, d3) = (Straddle(d1, d0), Straddle(d0, d1));
        Mix(ref a0, ref b2, ref c2, ref d2);
        Mix(ref a1, ref b3, ref c3, ref d3);
        v[0] = a0;
        v[stride] = a1;
        v[2 * stride] = Straddle(b3, b2);
        v[3 * stride] = Straddle(b2, b3);
        v[4 * stride] = c3;
        v[5 * stride] = c2;
        v[6 * stride] = Straddle(d2, d3);
        v[7 * stride] = Straddle(d3, d2);
    }

    /// <summary>(x[1], y[0]).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Straddle(Vector128<ulong> x, Vector128<ulong> y) =>
        Vector128.Create(x.GetUpper(), y.GetLower());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Mix(ref Vector128<ulong> a, ref Vector128<ulong> b, ref Vector128<ulong> c, ref Vector128<ulong> d)
    {
        a = BlaMka(a, b);
        d = RotateRight(d ^ a, 32);
        c = BlaMka(c, d);
        b = RotateRight(b ^ c, 24);
        a = BlaMka(a, b);
        d = RotateRight(d ^ a, 16);
        c = BlaMka(c, d);
        b = RotateRight(b ^ c, 63);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> RotateRight(Vector128<ulong> v, int bits) =>
        Vector128.ShiftRightLogical(v, bits) | Vector128.ShiftLeft(v, 64 - bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> BlaMka(Vector128<ulong> x, Vector128<ulong> y)
    {
        var product = Sse2.IsSupported
            ? Sse2.Multiply(x.AsUInt32(), y.AsUInt32())
            : AdvSimd.MultiplyWideningLower(AdvSimd.ExtractNarrowingLower(x), AdvSimd.ExtractNarrowingLower(y));
        return x + y + (product + product);
    }
}

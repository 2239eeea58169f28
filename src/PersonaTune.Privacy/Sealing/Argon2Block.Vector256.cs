using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace PersonaTune.Privacy.Sealing;

// Rows: a, b, c, d are the four quarters of the 16 words, and the diagonal step rotates b, c, d by 1, 2, 3 words.
// Columns: a vector would straddle two columns, so two neighbouring columns (4 words a register pair) are run side by side:
// each half of a vector holds one column's pair, and the diagonal step swaps words between the two vectors of a quarter.
internal static unsafe partial class Argon2Block
{
    private static void CompressVector256(ulong* x, ulong* y, ulong* output, bool accumulate)
    {
        const int Vectors = Words / 4;
        var r = stackalloc Vector256<ulong>[Vectors];
        var z = stackalloc Vector256<ulong>[Vectors];
        for (var i = 0; i < Vectors; i++)
            z[i] = r[i] = Vector256.Load(x + (4 * i)) ^ Vector256.Load(y + (4 * i));

        for (var row = 0; row < 8; row++)
        {
            var v = z + (4 * row);
            Vector256<ulong> a = v[0], b = v[1], c = v[2], d = v[3];
            Mix(ref a, ref b, ref c, ref d);
            b = Vector256.Shuffle(b, Vector256.Create(1UL, 2, 3, 0));
            c = Vector256.Shuffle(c, Vector256.Create(2UL, 3, 0, 1));
            d = Vector256.Shuffle(d, Vector256.Create(3UL, 0, 1, 2));
            Mix(ref a, ref b, ref c, ref d);
            v[0] = a;
            v[1] = Vector256.Shuffle(b, Vector256.Create(3UL, 0, 1, 2));
            v[2] = Vector256.Shuffle(c, Vector256.Create(2UL, 3, 0, 1));
            v[3] = Vector256.Shuffle(d, Vector256.Create(1UL, 2, 3, 0));
        }

        for (var pair = 0; pair < 4; pair++)
        {
            var v = z + pair; // row k of the matrix lies at v[4 k]; vectors 2 q and 2 q + 1 make up quarter q of both columns
            Vector256<ulong> a0 = v[0], a1 = v[4], b0 = v[8], b1 = v[12], c0 = v[16], c1 = v[20], d0 = v[24], d1 = v[28];
            Mix(ref a0, ref b0, ref c0, ref d0);
            Mix(ref a1, ref b1, ref c1, ref d1);
            // In one column (words 0 1 | 2 3): b becomes (1 2 | 3 0), c (2 3 | 0 1), d (3 0 | 1 2).
            var (b2, b3) = (Straddle(b0, b1), Straddle(b1, b0));
            var (c2, c3) = (c1, c0);
            var (d2, d3) = (Straddle(d1, d0), Straddle(d0, d1));
            Mix(ref a0, ref b2, ref c2, ref d2);
            Mix(ref a1, ref b3, ref c3, ref d3);
            v[0] = a0;
            v[4] = a1;
            v[8] = Straddle(b3, b2);
            v[12] = Straddle(b2, b3);
            v[16] = c3;
            v[20] = c2;
            v[24] = Straddle(d2, d3);
            v[28] = Straddle(d3, d2);
        }

        for (var i = 0; i < Vectors; i++)
        {
            var mixed = r[i] ^ z[i];
            if (accumulate) mixed ^= Vector256.Load(output + (4 * i));
            mixed.Store(output + (4 * i));
        }
    }

    /// <summary>For each half: (x[1], y[0]).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Straddle(Vector256<ulong> x, Vector256<ulong> y) =>
        Avx2.AlignRight(y.AsByte(), x.AsByte(), 8).AsUInt64();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Mix(ref Vector256<ulong> a, ref Vector256<ulong> b, ref Vector256<ulong> c, ref Vector256<ulong> d)
    {
        a = BlaMka(a, b);
        d = Avx2.Shuffle((d ^ a).AsUInt32(), 0b10_11_00_01).AsUInt64();
        c = BlaMka(c, d);
        b = Avx2.Shuffle((b ^ c).AsByte(), Vector256.Create(Right24, Right24)).AsUInt64();
        a = BlaMka(a, b);
        d = Avx2.Shuffle((d ^ a).AsByte(), Vector256.Create(Right16, Right16)).AsUInt64();
        c = BlaMka(c, d);
        b ^= c;
        b = (b + b) ^ Vector256.ShiftRightLogical(b, 63);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> BlaMka(Vector256<ulong> x, Vector256<ulong> y)
    {
        var product = Avx2.Multiply(x.AsUInt32(), y.AsUInt32());
        return x + y + (product + product);
    }

    private static Vector128<byte> Right24 =>
        Vector128.Create((byte)3, 4, 5, 6, 7, 0, 1, 2, 11, 12, 13, 14, 15, 8, 9, 10);

    private static Vector128<byte> Right16 =>
        Vector128.Create((byte)2, 3, 4, 5, 6, 7, 0, 1, 10, 11, 12, 13, 14, 15, 8, 9);
}

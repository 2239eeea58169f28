using System.Numerics;
using System.Runtime.CompilerServices;

namespace PersonaTune.Privacy.Sealing;

/// <summary>
/// The compression function G of Argon2 (RFC 9106, section 3.5) on blocks of 128 words seen as an 8 x 8 matrix of 16-byte
/// registers: the permutation P runs over the 8 rows (16 consecutive words), then over the 8 columns (pairs of words at a
/// stride of 16). <c>output = R xor P(R)</c> with <c>R = x xor y</c>; with accumulate the old output is xored in.
/// <c>output</c> may alias either input.
/// </summary>
internal static unsafe partial class Argon2Block
{
    private const int Words = Argon2id.BlockWords;

    public static void Compress(ulong* x, ulong* y, ulong* output, bool accumulate, Argon2Compression compression)
    {
        switch (compression)
        {
            case Argon2Compression.Vector256:
                CompressVector256(x, y, output, accumulate);
                break;
            case Argon2Compression.Vector128:
                CompressVector128(x, y, output, accumulate);
                break;
            default:
                CompressScalar(x, y, output, accumulate);
                break;
        }
    }

    private static void CompressScalar(ulong* x, ulong* y, ulong* output, bool accumulate)
    {
        var r = stackalloc ulong[Words];
        var z = stackalloc ulong[Words];
        for (var i = 0; i < Words; i++) z[i] = r[i] = x[i] ^ y[i];
        for (var row = 0; row < 8; row++) Permute(z + (16 * row), 2);
        for (var column = 0; column < 8; column++) Permute(z + (2 * column), 16);
        for (var i = 0; i < Words; i++) output[i] = (accumulate ? output[i] : 0) ^ r[i] ^ z[i];
    }

    /// <summary>P on 8 registers of two words; register k starts at <c>v + k * stride</c>.</summary>
    private static void Permute(ulong* v, int stride)
    {
        for (var i = 0; i < 4; i++) Mix(ref At(i), ref At(i + 4), ref At(i + 8), ref At(i + 12));
        for (var i = 0; i < 4; i++)
            Mix(ref At(i), ref At(((i + 1) & 3) + 4), ref At(((i + 2) & 3) + 8), ref At(((i + 3) & 3) + 12));

        ref ulong At(int word) => ref v[(word / 2 * stride) + (word & 1)];
    }

    private static void Mix(ref ulong a, ref ulong b, ref ulong c, ref ulong d)
    {
        a = BlaMka(a, b);
        d = BitOperations.RotateRight(d ^ a, 32);
        c = BlaMka(c, d);
        b = BitOperations.RotateRight(b ^ c, 24);
        a = BlaMka(a, b);
        d = BitOperations.RotateRight(d ^ a, 16);
        c = BlaMka(c, d);
        b = BitOperations.RotateRight(b ^ c, 63);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong BlaMka(ulong x, ulong y) => x + y + (2 * (x & 0xffffffff) * (y & 0xffffffff));
}

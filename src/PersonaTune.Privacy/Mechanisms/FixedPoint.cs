using System.Numerics;

namespace PersonaTune.Privacy.Mechanisms;

/// <summary>
/// Real numbers as integers scaled by 2^<see cref="Bits"/>, enough to make tables whose rounding lies far below their stated distance.
/// Each function errs by less than 2^-(Bits - 24) of the result or absolutely, whichever is larger, for the arguments it is used with.
/// </summary>
internal static class FixedPoint
{
    public const int Bits = 384;

    public static readonly BigInteger One = BigInteger.One << Bits;

    public static BigInteger Of(Rational value) => (value.Numerator << Bits) / value.Denominator;

    public static BigInteger Multiply(BigInteger a, BigInteger b) => (a * b) >> Bits;

    public static BigInteger Divide(BigInteger a, BigInteger b) => (a << Bits) / b;

    public static double ToDouble(BigInteger value)
    {
        var excess = Math.Max(0, (int)value.GetBitLength() - 64);
        return Math.ScaleB((double)(value >> excess), excess - Bits);
    }

    /// <summary>exp(-x) for x of at least 0.</summary>
    public static BigInteger ExpOfMinus(BigInteger x)
    {
        // exp(-x) = exp(-x / 2^h)^(2^h) with x / 2^h below 2^-8; sixteen more bits pay for the squarings.
        const int Guard = 32;
        var halvings = Math.Max(0, (int)x.GetBitLength() - Bits + 8);
        var one = One << Guard;
        var y = (x << Guard) >> halvings;
        BigInteger sum = one, term = one;
        for (var k = 1; !term.IsZero; k++)
        {
            term = (term * y >> (Bits + Guard)) / k;
            sum += (k & 1) == 1 ? -term : term;
        }

        for (var i = 0; i < halvings; i++) sum = sum * sum >> (Bits + Guard);
        return sum >> Guard;
    }

    /// <summary>ln(1 + x) for x between 0 and 1, by 2 atanh(x / (2 + x)).</summary>
    public static BigInteger LogOfOnePlus(BigInteger x)
    {
        var z = Divide(x, (One << 1) + x);
        var square = Multiply(z, z);
        BigInteger sum = BigInteger.Zero, power = z;
        for (var k = 1; !power.IsZero; k += 2)
        {
            sum += power / k;
            power = Multiply(power, square);
        }

        return sum << 1;
    }

    /// <summary>The square root, rounded down.</summary>
    public static BigInteger Sqrt(BigInteger x)
    {
        var n = x << Bits;
        if (n.IsZero) return n;
        var root = BigInteger.One << (int)((n.GetBitLength() + 1) / 2);
        while (true)
        {
            var next = (root + (n / root)) >> 1;
            if (next >= root) return root;
            root = next;
        }
    }
}

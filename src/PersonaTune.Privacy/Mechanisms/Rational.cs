using System.Numerics;

namespace PersonaTune.Privacy.Mechanisms;

/// <summary>An exact rational number with a positive denominator.</summary>
internal readonly record struct Rational(BigInteger Numerator, BigInteger Denominator)
{
    /// <summary>The exact value of a finite double that is not negative.</summary>
    public static Rational Of(double value)
    {
        var bits = BitConverter.DoubleToUInt64Bits(value);
        var exponent = (int)(bits >> 52) & 0x7FF;
        BigInteger mantissa = bits & ((1UL << 52) - 1);
        if (exponent == 0) exponent = 1;
        else mantissa += 1UL << 52;
        exponent -= 1075;
        return Reduce(exponent >= 0 ? mantissa << exponent : mantissa, exponent >= 0 ? BigInteger.One : BigInteger.One << -exponent);
    }

    public static Rational operator *(Rational a, Rational b) => Reduce(a.Numerator * b.Numerator, a.Denominator * b.Denominator);

    public static Rational operator /(Rational a, Rational b) => Reduce(a.Numerator * b.Denominator, a.Denominator * b.Numerator);

    public static Rational operator +(Rational a, Rational b) =>
        Reduce((a.Numerator * b.Denominator) + (b.Numerator * a.Denominator), a.Denominator * b.Denominator);

    public static Rational operator -(Rational a, Rational b) =>
        Reduce((a.Numerator * b.Denominator) - (b.Numerator * a.Denominator), a.Denominator * b.Denominator);

    public static implicit operator Rational(int value) => new(value, BigInteger.One);

    public double ToDouble()
    {
        var shift = Math.Max(0, 128 + (int)(Denominator.GetBitLength() - Numerator.GetBitLength()));
        return Math.ScaleB((double)((Numerator << shift) / Denominator), -shift);
    }

    private static Rational Reduce(BigInteger numerator, BigInteger denominator)
    {
        var divisor = BigInteger.GreatestCommonDivisor(numerator, denominator);
        return new Rational(numerator / divisor, denominator / divisor);
    }
}

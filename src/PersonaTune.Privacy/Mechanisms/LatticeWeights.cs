using System.Numerics;

namespace PersonaTune.Privacy.Mechanisms;

/// <summary>
/// Unnormalized probabilities of the magnitudes 0, 1, 2, ... of the integer laws, to about 2^-350, cut where the rest weighs less than
/// 2^-132 of the whole. All of these laws are log-concave, so what follows a weight w, whose successor is w', weighs at most w^2 / (w -
/// w').
/// </summary>
internal static class LatticeWeights
{
    private const int TailBits = 132;

    /// <summary>exp(-x^2 / (2 variance)), twice for x above 0.</summary>
    public static List<BigInteger> Gaussian(Rational variance)
    {
        return Cut(Generate(), 2);

        // g(x + 1) = g(x) r(x) and r(x + 1) = r(x) q, with q = exp(-1 / variance) and r(0) = exp(-1 / (2 variance)).
        IEnumerable<BigInteger> Generate()
        {
            var inverse = (Rational)1 / variance;
            var q = FixedPoint.ExpOfMinus(FixedPoint.Of(inverse));
            var r = FixedPoint.ExpOfMinus(FixedPoint.Of(inverse / 2));
            var g = FixedPoint.One;
            while (true)
            {
                yield return g;
                g = FixedPoint.Multiply(g, r);
                r = FixedPoint.Multiply(r, q);
            }
        }
    }

    /// <summary>exp(-a x).</summary>
    public static List<BigInteger> Geometric(Rational a) => Cut(Powers(a), 1);

    /// <summary>exp(-a x) for x below <paramref name="count"/>.</summary>
    public static List<BigInteger> Geometric(Rational a, int count) => [.. Powers(a).Take(count)];

    /// <summary>The Bessel function I_x(variance) up to a factor, twice for x above 0.</summary>
    public static List<BigInteger> Skellam(Rational variance)
    {
        // Miller's backward recurrence I(x - 1) = I(x + 1) + (2 x / v) I(x): all terms positive, so rounding does not grow.
        var last = (int)(20 * Math.Sqrt(variance.ToDouble())) + 60;
        var values = new BigInteger[last + 2];
        values[last] = BigInteger.One << FixedPoint.Bits;
        for (var x = last; x > 0; x--) values[x - 1] = values[x + 1] + (2 * x * variance.Denominator * values[x] / variance.Numerator);
        return Cut(values, 2);
    }

    private static IEnumerable<BigInteger> Powers(Rational a)
    {
        var ratio = FixedPoint.ExpOfMinus(FixedPoint.Of(a));
        for (var g = FixedPoint.One; ; g = FixedPoint.Multiply(g, ratio)) yield return g;
    }

    private static List<BigInteger> Cut(IEnumerable<BigInteger> weights, int sides)
    {
        var kept = new List<BigInteger>();
        var total = BigInteger.Zero;
        var previous = BigInteger.Zero;
        foreach (var weight in weights)
        {
            if (kept.Count > 0)
            {
                // The rest, beginning with this weight, is at most weight / (1 - weight / previous).
                var rest = previous > weight ? weight * previous / (previous - weight) * sides : BigInteger.Zero;
                if (previous > weight && rest << TailBits < total) break;
            }

            var both = kept.Count == 0 ? weight : weight * sides;
            kept.Add(both);
            total += both;
            previous = weight;
        }

        return kept;
    }
}

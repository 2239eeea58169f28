using System.Numerics;

namespace PersonaTune.Privacy.Mechanisms;

/// <summary>
/// Exact Bernoulli variables from random bits by integer arithmetic (Canonne, Kamath and Steinke 2020, algorithm 1). Running time depends
/// on the outcome.
/// </summary>
internal readonly struct ExactRandom(INoiseSource source)
{
    /// <summary>Uniform on 0 to <paramref name="bound"/> - 1.</summary>
    public BigInteger Uniform(BigInteger bound)
    {
        var bits = (int)(bound - 1).GetBitLength();
        Span<byte> bytes = stackalloc byte[(bits + 7) / 8];
        while (true)
        {
            source.Fill(bytes);
            if ((bits & 7) != 0) bytes[^1] &= (byte)((1 << (bits & 7)) - 1);
            var value = new BigInteger(bytes, isUnsigned: true);
            if (value < bound) return value;
        }
    }

    /// <summary>True with probability numerator / denominator, at most 1.</summary>
    public bool Bernoulli(BigInteger numerator, BigInteger denominator) => Uniform(denominator) < numerator;

    /// <summary>True with probability exp(-numerator / denominator), for a ratio of at least 0.</summary>
    public bool BernoulliExp(BigInteger numerator, BigInteger denominator)
    {
        for (; numerator > denominator; numerator -= denominator)
            if (!BernoulliExpOfFraction(BigInteger.One, BigInteger.One)) return false;
        return BernoulliExpOfFraction(numerator, denominator);
    }

    /// <summary>
    /// An integer with P(x) proportional to exp(-|x| rate), rate = <paramref name="s"/> / <paramref name="t"/> (algorithm 2 of the paper).
    /// </summary>
    public BigInteger Laplace(BigInteger s, BigInteger t)
    {
        while (true)
        {
            var u = Uniform(t);
            if (!BernoulliExp(u, t)) continue;
            BigInteger v = 0;
            while (BernoulliExpOfFraction(BigInteger.One, BigInteger.One)) v++;
            var magnitude = (u + (t * v)) / s;
            var negative = Bernoulli(BigInteger.One, 2);
            if (negative && magnitude.IsZero) continue;
            return negative ? -magnitude : magnitude;
        }
    }

    // K is the first trial of Bernoulli(ratio / K) to fail; P(K odd) is the alternating series of exp(-ratio).
    private bool BernoulliExpOfFraction(BigInteger numerator, BigInteger denominator)
    {
        var k = 1;
        while (Bernoulli(numerator, denominator * k)) k++;
        return (k & 1) == 1;
    }
}

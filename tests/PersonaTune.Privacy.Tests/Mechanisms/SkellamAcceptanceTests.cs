using System.Numerics;
using PersonaTune.Privacy.Mechanisms;

namespace PersonaTune.Privacy.Tests.Mechanisms;

public class SkellamAcceptanceTests
{
    // The fixed-point value is Olver's expansion; the expected one the Bessel functions' recurrence, which shares nothing with it.
    [Theory]
    [InlineData(10_001)]
    [InlineData(20_000.5)]
    public void The_expansion_equals_the_recurrence_to_140_bits(double v)
    {
        var variance = Rational.Of(v);
        var acceptance = new SkellamAcceptance(variance, 0);
        var weights = LatticeWeights.Skellam(variance);
        for (var x = 0; x < weights.Count && x <= acceptance.LargestMagnitude; x += 97)
        {
            var gaussian = FixedPoint.ExpOfMinus(FixedPoint.Of((Rational)(x * x) / ((variance + SkellamAcceptance.Excess) * 2)));
            var bessel = FixedPoint.Divide(weights[x], (x == 0 ? 1 : 2) * weights[0]);
            var difference = BigInteger.Abs(acceptance.Exact(x) - FixedPoint.Divide(bessel, gaussian));
            Assert.InRange(difference, BigInteger.Zero, FixedPoint.One >> 138);
        }
    }

    [Theory]
    [InlineData(10_001)]
    [InlineData(1e6)]
    [InlineData(1e10)]
    [InlineData(1e13)]
    public void The_double_errs_by_a_hundredth_of_its_tolerance_and_never_exceeds_one(double v)
    {
        var acceptance = new SkellamAcceptance(Rational.Of(v), 0);
        for (var i = 0; i <= 40; i++)
        {
            var x = (int)(acceptance.LargestMagnitude * i / 40);
            var exact = acceptance.Exact(x);
            Assert.InRange(exact, FixedPoint.Of(Rational.Of(acceptance.LeastProbability)), FixedPoint.One + (FixedPoint.One >> 140));
            Assert.InRange(acceptance.Approximate(x) - FixedPoint.ToDouble(exact), -0.01 * SkellamAcceptance.DefaultTolerance,
                0.01 * SkellamAcceptance.DefaultTolerance);
        }
    }

    [Fact]
    public void The_exact_path_decides_as_the_double_does_away_from_the_border_and_by_192_bits_at_it()
    {
        var variance = Rational.Of(50_000);
        var fast = new SkellamAcceptance(variance, SkellamAcceptance.DefaultTolerance);
        var slow = new SkellamAcceptance(variance, 2);
        for (var x = -2000; x <= 2000; x += 400)
        {
            var exact = fast.Exact(x) >> (FixedPoint.Bits - 192);
            foreach (var offset in new[] { -1e-6, 1e-6 })
            {
                var u = fast.Approximate(x) + offset;
                if (u >= 1) continue;
                var word = (ulong)(u * 18446744073709551616.0);
                Assert.Equal(offset < 0, fast.Accepts(x, new ScriptedSource(0), word));
                Assert.Equal(offset < 0, slow.Accepts(x, new ScriptedSource(0), word));
            }

            if (x == 0) continue;
            foreach (var step in new[] { -1, 1 })
            {
                var u = exact + step;
                var mask = (BigInteger.One << 64) - 1;
                Assert.Equal(step < 0, fast.Accepts(x, new ScriptedSource((ulong)(u & mask), (ulong)((u >> 64) & mask)),
                    (ulong)(u >> 128)));
            }
        }
    }

    [Fact]
    public void A_proposal_beyond_the_range_of_the_proof_is_refused()
    {
        var acceptance = new SkellamAcceptance(Rational.Of(10_001), SkellamAcceptance.DefaultTolerance);
        Assert.False(acceptance.Accepts((int)acceptance.LargestMagnitude + 1, new ScriptedSource(0), 0));
    }

    // P(0) = e^-v I_0(v); I_0(1) = 1.2660658777520084, I_1(1) = 0.5651591039924850 (Abramowitz and Stegun, table 9.8).
    [Fact]
    public void Log_probabilities_equal_tabulated_Bessel_functions()
    {
        var noise = new SkellamNoise(1);
        Assert.Equal(1.2660658777520084 / Math.E, noise.Probability(0), 14);
        Assert.Equal(0.5651591039924850 / Math.E, noise.Probability(-1), 14);
    }

    [Theory]
    [InlineData(0.01)]
    [InlineData(3)]
    [InlineData(990)]
    [InlineData(1010)]
    [InlineData(9999)]
    public void Log_probabilities_equal_the_table_on_both_sides_of_the_expansion(double v)
    {
        var noise = new SkellamNoise(v);
        for (var x = 0; x <= 5 * Math.Sqrt(v); x += 1 + ((int)Math.Sqrt(v) / 4))
            Assert.InRange(noise.Probability(x) / DrawnLaw.Probability(noise, x), 1 - 1e-11, 1 + 1e-11);
    }
}

using System.Numerics;
using FsCheck;
using FsCheck.Fluent;
using PersonaTune.Privacy.Mechanisms;

namespace PersonaTune.Privacy.Tests.Mechanisms;

public class L2ClipTests
{
    [Fact]
    public void The_exact_norm_never_exceeds_the_bound()
    {
        var property = Prop.ForAll(Vectors().ToArbitrary(), Gen.Choose(-40, 40).Select(e => 0.1 * Math.Pow(2, e) * 1.7).ToArbitrary(),
            (vector, norm) =>
        {
            var clipped = (float[])vector.Clone();
            L2Clip.Clip(clipped, norm);
            return ExactlyWithin(clipped, norm);
        });
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(500), property);
    }

    // The control of the property above: one multiplication in float is above the bound in about half of all cases.
    [Fact]
    public void Control_a_clip_in_float_exceeds_the_bound()
    {
        var exceeded = 0;
        for (var i = 0; i < 400; i++)
        {
            var vector = Normal(64, i, 1);
            var factor = 1 / MathF.Sqrt(vector.Sum(v => v * v));
            for (var j = 0; j < vector.Length; j++) vector[j] *= factor;
            if (!ExactlyWithin(vector, 1)) exceeded++;
        }

        Assert.InRange(exceeded, 100, 300);
    }

    [Fact]
    public void A_clip_keeps_the_direction_and_nearly_all_of_the_norm_at_every_length()
    {
        for (var length = 1; length <= 257; length++)
        {
            var vector = Normal(length, length, 3);
            var clipped = (float[])vector.Clone();
            var norm = 0.25 * Math.Sqrt(vector.Sum(v => (double)v * v));
            var result = L2Clip.Clip(clipped, norm);
            Assert.True(result.WasClipped);
            Assert.InRange(result.NormBefore, (4 * norm) - 1e-12, (4 * norm) + 1e-12);
            for (var i = 0; i < length; i++) Assert.InRange(clipped[i] - (0.25 * vector[i]), -1e-6, 1e-6);
            Assert.InRange(L2Clip.Norm(clipped) / norm, 1 - 1e-6, 1);
        }
    }

    [Fact]
    public void A_vector_within_the_bound_is_unchanged()
    {
        var vector = Normal(100, 5, 0.01f);
        var clipped = (float[])vector.Clone();
        var result = L2Clip.Clip(clipped, 1);
        Assert.False(result.WasClipped);
        Assert.Equal(vector, clipped);
    }

    [Fact]
    public void Zero_and_empty_updates_are_valid()
    {
        var zero = new float[10];
        Assert.Equal(new ClipResult(0, false), L2Clip.Clip(zero, 1e-3));
        Assert.All(zero, v => Assert.Equal(0, v));
        Assert.Equal(new ClipResult(0, false), L2Clip.Clip([], 1));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void A_value_that_is_not_finite_is_refused_by_its_index(float value)
    {
        foreach (var index in new[] { 0, 7, 8, 31, 99 })
        {
            var vector = Normal(100, 6, 1);
            vector[index] = value;
            var before = (float[])vector.Clone();
            var error = Assert.Throws<NonFiniteUpdateException>(() => L2Clip.Clip(vector, 1));
            Assert.Equal(index, error.Index);
            Assert.Equal(value, error.Value);
            Assert.Equal(before, vector);
        }
    }

    [Fact]
    public void The_largest_and_the_smallest_floats_are_clipped()
    {
        float[] huge = [float.MaxValue, -float.MaxValue, 1];
        L2Clip.Clip(huge, 0.5);
        Assert.True(ExactlyWithin(huge, 0.5));
        Assert.InRange(huge[0], 0.3535f, 0.3536f);
        var tiny = Enumerable.Repeat(float.Epsilon, 1000).Append(1e-18f).Append(1e-18f).ToArray();
        L2Clip.Clip(tiny, 1e-18);
        Assert.True(ExactlyWithin(tiny, 1e-18));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_bound_outside_its_range_is_refused(double norm)
        => Assert.Throws<ArgumentOutOfRangeException>(() => L2Clip.Clip(new float[3], norm));

    internal static float[] Normal(int length, long seed, float deviation)
    {
        var values = new float[length];
        using var source = SeededNoiseSource.FromSeed(seed);
        new GaussianNoise(deviation).AddTo(source, values);
        return values;
    }

    private static Gen<float[]> Vectors() =>
        from length in Gen.Choose(0, 300)
        from seed in Gen.Choose(0, int.MaxValue)
        from exponent in Gen.Choose(-40, 40)
        select Normal(length, seed, MathF.ScaleB(1, exponent));

    private static bool ExactlyWithin(float[] vector, double norm)
    {
        // Floats are multiples of 2^-149 and doubles of the tested bounds multiples of 2^-200, so everything is an integer.
        var squares = vector.Aggregate(BigInteger.Zero, (sum, v) => sum + BigInteger.Pow(Scaled(v), 2));
        return squares <= BigInteger.Pow(Scaled(norm), 2);
    }

    private static BigInteger Scaled(double value)
    {
        var exact = Rational.Of(Math.Abs(value));
        return (exact.Numerator << 200) / exact.Denominator;
    }
}

using System.Globalization;
using System.Security.Cryptography;
using FsCheck;
using FsCheck.Fluent;
using PersonaTune.Privacy.Mechanisms;
using PersonaTune.Privacy.SecureAggregation;

namespace PersonaTune.Privacy.Tests.Mechanisms;

public class UpdateEncoderTests
{
    private static readonly byte[] Seed = SHA256.HashData("encoder"u8);

    // Table i0: rounded_l2_norm_bound and rounded_l1_norm_bound of Google's distributed_dp; its L1 column takes the norm before rounding
    // as given.
    [Fact]
    public void Bounds_of_the_rounded_norm_equal_every_row_of_the_reference()
    {
        var rows = ReferenceRows.Read("i0_rounded_norm_bounds.csv").Select(row
            => row.Select(t => double.Parse(t, CultureInfo.InvariantCulture)).ToArray()).ToList();
        Assert.Equal(40, rows.Count);
        Assert.All(rows, row =>
        {
            Assert.InRange(RoundedNorm.L2(row[0], (int)row[1], row[2]) / row[3], 1 - 1e-14, 1 + 1e-14);
            Assert.InRange(RoundedNorm.L1(row[0], (int)row[1]) / row[4], 1 - 1e-14, 1 + 1e-14);
        });
    }

    [Fact]
    public void The_integers_never_exceed_their_bounds()
    {
        var property = Prop.ForAll(Gen.Choose(1, 300).ToArbitrary(), Gen.Choose(0, int.MaxValue).ToArbitrary(),
            Gen.Choose(-6, 14).ToArbitrary(), (dimension, seed, exponent) =>
        {
            var encoder = new UpdateEncoder(Options(dimension, Math.Pow(2, exponent), seed % 3 == 0 ? 0 : 0.6));
            using var source = SeededNoiseSource.FromSeed(seed);
            var encoded = encoder.Encode(L2ClipTests.Normal(dimension, seed, 1 + (seed % 5)), source);
            var squares = encoded.Sum(v => (long)v * v);
            return encoded.Length == encoder.PaddedDimension && squares <= encoder.L2Bound * encoder.L2Bound
                && encoded.Sum(v => Math.Abs((long)v)) <= encoder.L1Bound;
        });
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(300), property);
    }

    // 4,000 roundings of one update; the deviation of each decoded coordinate from the truth has standard error at most 1/2 / scale /
    // sqrt(4000), so with 5.5 of them a right encoder fails with probability below 1e-6 over all coordinates. Rounding down instead is
    // refused.
    [Fact]
    public void Rounding_is_unbiased_and_a_floor_would_be_refused()
    {
        const int Dimension = 20, Repeats = 4000;
        var encoder = new UpdateEncoder(Options(Dimension, 3, 0));
        var update = L2ClipTests.Normal(Dimension, 3, 0.1f);
        Assert.InRange(L2Clip.Norm(update), 0, 1);
        using var source = SeededNoiseSource.FromSeed(2);
        double[] mean = new double[Dimension];
        for (var i = 0; i < Repeats; i++)
        {
            var decoded = encoder.Decode(encoder.Encode(update, source), 1);
            for (var j = 0; j < Dimension; j++) mean[j] += decoded[j] / Repeats;
        }

        var standardError = 0.5 / 3 / Math.Sqrt(Repeats);
        Assert.InRange(Worst(mean), 0, 5.5);
        var floored = encoder.Decode(encoder.Encode(update, new ScriptedSource(ulong.MaxValue)), 1);
        Assert.InRange(Worst([.. floored.Select(v => (double)v)]), 5.5, double.PositiveInfinity);

        double Worst(double[] found) => found.Zip(update, (a, b) => Math.Abs(a - b) / standardError).Max();
    }

    [Fact]
    public void A_sum_of_encoded_updates_decodes_to_their_mean()
    {
        const int Dimension = 1000, Clients = 20;
        var encoder = new UpdateEncoder(Options(Dimension, 1 << 16, Math.Exp(-0.5)));
        var sum = new int[encoder.PaddedDimension];
        var mean = new double[Dimension];
        const int Bits = 20;
        using var source = SeededNoiseSource.FromSeed(8);
        for (var client = 0; client < Clients; client++)
        {
            var update = L2ClipTests.Normal(Dimension, client, 0.02f);
            var encoded = encoder.Encode(update, source);
            L2Clip.Clip(update, 1);
            for (var i = 0; i < sum.Length; i++) sum[i] = RingEncoding.Decode((uint)(sum[i] + encoded[i]), Bits);
            for (var i = 0; i < Dimension; i++) mean[i] += (double)update[i] / Clients;
        }

        Assert.InRange(RingEncoding.WrapProbability(Bits, Clients, 1 << 16, encoder.PaddedDimension, 0), 0, 1e-9);
        var decoded = encoder.Decode(sum, Clients);
        for (var i = 0; i < Dimension; i++) Assert.InRange(decoded[i] - mean[i], -2e-5, 2e-5);
    }

    // Words of zero always round up. At this scale half of the 1,024 rotated coordinates become 1: 512 squares, where the bound is about
    // 290.
    [Fact]
    public void A_norm_that_no_attempt_keeps_is_a_typed_failure()
    {
        var encoder = new UpdateEncoder(Options(1000, 1e-3, 0.6));
        var update = L2ClipTests.Normal(1000, 1, 1);
        var error = Assert.Throws<RoundingFailedException>(() => encoder.Encode(update, new ScriptedSource(0)));
        Assert.Equal(128, error.Attempts);
        Assert.Equal(encoder.L2Bound, error.Bound);
    }

    [Fact]
    public void Updates_that_do_not_fit_are_refused_and_a_zero_update_is_zero()
    {
        var encoder = new UpdateEncoder(Options(10, 100, 0.5));
        using var source = SeededNoiseSource.FromSeed(1);
        Assert.All(encoder.Encode(new float[10], source), v => Assert.Equal(0, v));
        Assert.Throws<ArgumentException>(() => encoder.Encode(new float[11], source));
        Assert.Throws<ArgumentException>(() => encoder.Decode(new int[10], 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => encoder.Decode(new int[16], 0));
        var broken = new float[10];
        broken[4] = float.NaN;
        Assert.Equal(4, Assert.Throws<NonFiniteUpdateException>(() => encoder.Encode(broken, source)).Index);
        foreach (var options in new[]
        {
            Options(10, 0, 0.5), Options(10, double.NaN, 0.5), Options(10, 1e12, 0.5), Options(10, 1, 1), Options(10, 1, -0.1),
                Options(0, 1, 0.5),
            Options(10, 1, 0.5) with { ClipNorm = 0 }, Options(10, 1, 0.5) with { MaxAttempts = 0 },
                Options(10, 1, 0.5) with { RotationSeed = new byte[5] },
        })
            Assert.ThrowsAny<ArgumentException>(() => new UpdateEncoder(options));
    }

    // The bound is below 1e-5 for each of 100 sums, so one wraps with probability below 1e-3 for the choice of the seed. Two bits fewer
    // all wrap.
    [Fact]
    public void The_probability_of_wrapping_falls_with_the_bits_and_bounds_what_happens()
    {
        const int Clients = 50, Dimension = 256, Trials = 100;
        var deviation = 40.0;
        const int Bits = 13, FewerBits = 11;
        var bound = RingEncoding.WrapProbability(Bits, Clients, 200, Dimension, deviation * deviation);
        Assert.InRange(bound, 0, 1e-5);
        Assert.Equal(1, RingEncoding.WrapProbability(FewerBits, Clients, 200, Dimension, deviation * deviation));
        var noise = new DiscreteGaussianNoise(deviation);
        int wrapped = 0, wrappedNarrow = 0;
        using var source = SeededNoiseSource.FromSeed(12);
        for (var trial = 0; trial < Trials; trial++)
        {
            var options = Options(Dimension, 200, 0) with { RotationSeed = SHA256.HashData(BitConverter.GetBytes(trial)) };
            var encoder = new UpdateEncoder(options);
            var sum = new int[Dimension];
            // The worst case: all clients send the same update of full norm.
            var update = new float[Dimension];
            update[trial % Dimension] = 1;
            for (var client = 0; client < Clients; client++)
            {
                var encoded = encoder.Encode(update, source);
                for (var i = 0; i < Dimension; i++) sum[i] += encoded[i];
                noise.AddTo(source, sum);
            }

            if (sum.Any(v => v != RingEncoding.Decode((uint)v, Bits))) wrapped++;
            if (sum.Any(v => v != RingEncoding.Decode((uint)v, FewerBits))) wrappedNarrow++;
        }

        Assert.Equal(0, wrapped);
        Assert.Equal(Trials, wrappedNarrow);
    }

    private static UpdateEncodingOptions Options(int dimension, double scale, double beta) =>
        new() { Dimension = dimension, ClipNorm = 1, Scale = scale, RotationSeed = Seed, Beta = beta };
}

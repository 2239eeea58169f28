using System.Security.Cryptography;
using PersonaTune.Privacy.Accounting;
using PersonaTune.Privacy.Mechanisms;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Privacy.Tests.Mechanisms;

public class MatrixNoiseTests
{
    private const int Rounds = 30;
    private const int Dimension = 4;

    public static TheoryData<string> Strategies() => ["identity", "band 2", "band 5", "band 5 normalized", "all bands", "blt 1", "blt 3"];

    [Theory]
    [MemberData(nameof(Strategies))]
    public void The_stream_equals_the_dense_inverse_times_independent_noise(string name)
    {
        var strategy = Make(name);
        var independent = Enumerable.Range(0, Rounds).Select(t => CorrelatedNoiseHelper.Independent((ulong)t, Dimension)).ToArray();
        using var source = CorrelatedNoiseHelper.Source();
        using var noise = new MatrixNoise("run", strategy, Dimension, CorrelatedNoiseHelper.Deviation, source);
        var inverse = Inverse(strategy);
        for (var t = 0; t < Rounds; t++)
        {
            var found = CorrelatedNoiseHelper.Next(noise);
            for (var i = 0; i < Dimension; i++)
                Assert.InRange(found[i] - Enumerable.Range(0, t + 1).Sum(j => inverse[t, j] * independent[j][i]), -2e-5, 2e-5);
        }

        Assert.Throws<InvalidOperationException>(() => CorrelatedNoiseHelper.Next(noise));
    }

    [Theory]
    [MemberData(nameof(Strategies))]
    public void A_restored_stream_continues_and_repeats_with_the_same_noise(string name)
    {
        var strategy = Make(name);
        using var source = CorrelatedNoiseHelper.Source();
        using var noise = new MatrixNoise("run", strategy, Dimension, 1, source);
        for (var t = 0; t < Rounds; t++)
        {
            using (var restored = MatrixNoise.Restore(noise.ToBytes(), "run", strategy))
            {
                var expected = CorrelatedNoiseHelper.Next(noise);
                Assert.Equal(expected, CorrelatedNoiseHelper.Next(restored));
            }

            using var crashed = MatrixNoise.Restore(noise.ToBytes(), "run", strategy);
            float[] repeated = new float[Dimension], again = new float[Dimension];
            crashed.Repeat(CorrelatedNoiseHelper.Digest, repeated);
            noise.Repeat(CorrelatedNoiseHelper.Digest, again);
            Assert.Equal(again, repeated);
        }
    }

    [Fact]
    public void Noise_of_one_release_is_refused_for_another()
    {
        using var source = CorrelatedNoiseHelper.Source();
        using var noise = new MatrixNoise("run", Make("band 2"), Dimension, 1, source);
        var values = new float[Dimension];
        Assert.Throws<NoiseReuseException>(() => noise.Repeat(CorrelatedNoiseHelper.Digest, values));
        noise.Next(CorrelatedNoiseHelper.Digest, values);
        var error = Assert.Throws<NoiseReuseException>(() => noise.Repeat(SHA256.HashData("another"u8), values));
        Assert.Equal(1, error.Step);
        var state = noise.ToBytes();
        Assert.Equal("other run",
            Assert.Throws<NoiseReuseException>(() => MatrixNoise.Restore(state, "other run", Make("band 2"))).Purpose);
        Assert.Throws<NoiseReuseException>(() => MatrixNoise.Restore(state, "run", Make("band 5")));
        Assert.Throws<TamperedException>(() => TreeAggregationNoise.Restore(state, "run"));
    }

    [Fact]
    public void A_state_cut_anywhere_or_extended_is_refused()
    {
        using var source = CorrelatedNoiseHelper.Source();
        using var noise = new MatrixNoise("run", Make("blt 1"), Dimension, 1, source);
        CorrelatedNoiseHelper.Next(noise);
        var state = noise.ToBytes();
        for (var length = 0; length < state.Length; length++)
            Assert.Throws<TamperedException>(() => MatrixNoise.Restore(state.AsSpan(0, length), "run", Make("blt 1")));
        Assert.Throws<TamperedException>(() => MatrixNoise.Restore([.. state, 0], "run", Make("blt 1")));
    }

    [Fact]
    public void Two_runs_have_different_noise_and_a_disposed_one_has_none()
    {
        using var source = CorrelatedNoiseHelper.Source();
        using var first = new MatrixNoise("run", Make("identity"), Dimension, 1, source);
        using var second = new MatrixNoise("run", Make("identity"), Dimension, 1, source);
        Assert.NotEqual(CorrelatedNoiseHelper.Next(first), CorrelatedNoiseHelper.Next(second));
        first.Dispose();
        Assert.Throws<ObjectDisposedException>(() => CorrelatedNoiseHelper.Next(first));
        Assert.Throws<ObjectDisposedException>(first.ToBytes);
    }

    [Fact]
    public void Wrong_lengths_are_refused_before_anything_is_drawn()
    {
        using var source = CorrelatedNoiseHelper.Source();
        using var noise = new MatrixNoise("run", Make("identity"), Dimension, 1, source);
        Assert.Throws<ArgumentException>(() => noise.Next(new byte[31], new float[Dimension]));
        Assert.Throws<ArgumentException>(() => noise.Next(CorrelatedNoiseHelper.Digest, new float[Dimension + 1]));
        Assert.Equal(0, noise.Step);
    }

    [Fact]
    public void The_event_is_one_Gaussian_of_the_whole_run()
    {
        using var source = CorrelatedNoiseHelper.Source();
        var strategy = Make("band 5");
        var sensitivity = strategy.Sensitivity(5, 4);
        using var noise = new MatrixNoise("run", strategy, Dimension, 1.5 * 0.5 * sensitivity, source);
        Assert.Equal(1.5, Assert.IsType<GaussianEvent>(noise.Event(0.5, 5, 4)).NoiseMultiplier, 12);
    }

    internal static double[,] Inverse(MatrixStrategy strategy)
    {
        // Gauss-Jordan without use of the triangle, as a check that shares no code.
        var n = strategy.Rounds;
        var work = new double[n, 2 * n];
        for (var i = 0; i < n; i++)
        {
            for (var j = 0; j < n; j++) work[i, j] = strategy.Coefficient(i, j);
            work[i, n + i] = 1;
        }

        for (var p = 0; p < n; p++)
        {
            var pivot = work[p, p];
            for (var j = 0; j < 2 * n; j++) work[p, j] /= pivot;
            for (var i = 0; i < n; i++)
            {
                var factor = work[i, p];
                if (i == p || factor == 0) continue;
                for (var j = 0; j < 2 * n; j++) work[i, j] -= factor * work[p, j];
            }
        }

        var inverse = new double[n, n];
        for (var i = 0; i < n; i++)
            for (var j = 0; j < n; j++) inverse[i, j] = work[i, n + j];
        return inverse;
    }

    private static MatrixStrategy Make(string name) => name switch
    {
        "identity" => BandedStrategy.SquareRoot(Rounds, 1),
        "band 2" => BandedStrategy.SquareRoot(Rounds, 2),
        "band 5" => BandedStrategy.SquareRoot(Rounds, 5),
        "band 5 normalized" => BandedStrategy.SquareRoot(Rounds, 5, normalizeColumns: true),
        "all bands" => BandedStrategy.SquareRoot(Rounds, Rounds),
        "blt 1" => new BufferedLinearStrategy(Rounds, [0.5], [0.8]),
        _ => new BufferedLinearStrategy(Rounds, [0.2, 0.15, 0.1], [0.95, 0.7, 0.2]),
    };
}

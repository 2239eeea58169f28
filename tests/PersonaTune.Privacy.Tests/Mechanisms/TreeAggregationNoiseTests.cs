using System.Numerics;
using FsCheck;
using FsCheck.Fluent;
using PersonaTune.Privacy.Accounting;
using PersonaTune.Privacy.Mechanisms;

namespace PersonaTune.Privacy.Tests.Mechanisms;

public class TreeAggregationNoiseTests
{
    private const int Dimension = 3;

    // Honaker 2015, estimation from below, computed anew from the tree's definition for every prefix.
    [Fact]
    public void Prefix_noise_equals_a_naive_implementation_with_any_restarts()
    {
        var property = Prop.ForAll(Gen.Choose(1, 70).ToArbitrary(), Gen.ListOf(Gen.Choose(1, 70)).ToArbitrary(), (steps, restarts) =>
        {
            using var source = CorrelatedNoiseHelper.Source();
            using var noise = new TreeAggregationNoise("tree", Dimension, CorrelatedNoiseHelper.Deviation, source);
            var (treeStart, carried) = (0, new double[Dimension]);
            for (var step = 0; step < steps; step++)
            {
                if (restarts.Contains(step) && step > treeStart)
                {
                    noise.Restart();
                    carried = Naive(treeStart, step, carried);
                    treeStart = step;
                }

                var found = CorrelatedNoiseHelper.Next(noise);
                var expected = Naive(treeStart, step + 1, carried);
                for (var i = 0; i < Dimension; i++)
                    if (Math.Abs(found[i] - expected[i]) > 1e-4) return false;
            }

            return noise.StepCounts.Sum() == steps;
        });
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(40), property);
    }

    // Variance of the prefix over t steps: the sum over the set bits of t of 1 / (2 (1 - 2^-(h + 1))). The sample variance of 40,000
    // coordinates has relative standard error sqrt(2 / 40000); 5 of them: 6e-7 for each t. Independent nodes without the estimator are
    // refused where they differ.
    [Fact]
    public void Variance_is_that_of_Honakers_estimator_and_not_that_of_the_plain_tree()
    {
        const int Wide = 40_000;
        using var source = CorrelatedNoiseHelper.Source();
        using var noise = new TreeAggregationNoise("tree", Wide, CorrelatedNoiseHelper.Deviation, source);
        for (var t = 1; t <= 20; t++)
        {
            var found = CorrelatedNoiseHelper.Next(noise).Sum(v
                => (double)v * v) / Wide / (CorrelatedNoiseHelper.Deviation * CorrelatedNoiseHelper.Deviation);
            double expected = 0;
            for (var h = 0; h < 6; h++) expected += (t >> h & 1) * 0.5 / (1 - Math.Pow(2, -h - 1));
            var error = 5 * Math.Sqrt(2.0 / Wide);
            Assert.InRange(found / expected, 1 - error, 1 + error);
            if (t > 1) Assert.NotInRange(found / BitOperations.PopCount((uint)t), 1 - error, 1 + error);
        }
    }

    [Fact]
    public void A_restored_stream_continues_with_the_same_noise_at_every_step()
    {
        using var source = CorrelatedNoiseHelper.Source();
        using var noise = new TreeAggregationNoise("tree", Dimension, 1, source);
        for (var step = 0; step < 40; step++)
        {
            if (step is 10 or 25) noise.Restart();
            using var restored = TreeAggregationNoise.Restore(noise.ToBytes(), "tree");
            Assert.Equal(noise.Step, restored.Step);
            Assert.Equal(noise.StepCounts, restored.StepCounts);
            Assert.Equal(CorrelatedNoiseHelper.Next(noise), CorrelatedNoiseHelper.Next(restored));
        }
    }

    [Fact]
    public void Memory_grows_with_the_logarithm_of_the_steps()
    {
        using var source = CorrelatedNoiseHelper.Source();
        using var noise = new TreeAggregationNoise("tree", 100, 1, source);
        for (var step = 0; step < 1023; step++) CorrelatedNoiseHelper.Next(noise);
        Assert.InRange(noise.ToBytes().Length, 0, (10 + 2) * (400 + 4) + 300);
    }

    [Fact]
    public void The_event_lists_the_steps_of_every_tree()
    {
        using var source = CorrelatedNoiseHelper.Source();
        using var noise = new TreeAggregationNoise("tree", Dimension, 6, source);
        for (var step = 0; step < 5; step++) CorrelatedNoiseHelper.Next(noise);
        noise.Restart();
        noise.Restart();
        CorrelatedNoiseHelper.Next(noise);
        TreeAggregationEvent found = noise.Event(2);
        Assert.Equal(3, found.NoiseMultiplier);
        Assert.Equal([5, 1], found.StepCounts);
    }

    private static double[] Naive(int start, int end, double[] carried)
    {
        var sum = (double[])carried.Clone();
        for (var first = start; first < end;)
        {
            var height = BitOperations.Log2((uint)(end - first));
            var part = Estimate(first, height);
            for (var i = 0; i < Dimension; i++) sum[i] += part[i];
            first += 1 << height;
        }

        return sum;
    }

    private static double[] Estimate(int first, int height)
    {
        var last = first + (1 << height) - 1;
        var own = CorrelatedNoiseHelper.Independent(((ulong)height << 56) | (uint)last, Dimension);
        if (height == 0) return [.. own.Select(v => (double)v)];
        double[] left = Estimate(first, height - 1), right = Estimate(first + (1 << (height - 1)), height - 1);
        var children = 2 * Variance(height - 1);
        return [.. Enumerable.Range(0, Dimension).Select(i => ((children * own[i]) + left[i] + right[i]) / (children + 1))];
    }

    private static double Variance(int height) => height == 0 ? 1 : 2 * Variance(height - 1) / ((2 * Variance(height - 1)) + 1);
}

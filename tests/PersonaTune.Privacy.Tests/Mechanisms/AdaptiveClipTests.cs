using System.Globalization;
using PersonaTune.Privacy.Accounting;
using PersonaTune.Privacy.Mechanisms;

namespace PersonaTune.Privacy.Tests.Mechanisms;

public class AdaptiveClipTests
{
    // Table j1: dp_accounting and the formula of Andrew et al. 2021, theorem 1.
    [Fact]
    public void The_split_of_the_multiplier_equals_every_row_of_the_reference()
    {
        var rows = ReferenceRows.Read("j1_adaptive_clip_z_delta.csv");
        Assert.Equal(40, rows.Count);
        Assert.All(rows, row =>
        {
            double z = Number(row[0]), countNoise = Number(row[2]);
            // The reference marks rows whose count alone costs more than z.
            if (row[3] == "infeasible")
            {
                Assert.Throws<ArgumentOutOfRangeException>(() => AdaptiveClip.UpdateMultiplier(z, countNoise));
                return;
            }

            var update = AdaptiveClip.UpdateMultiplier(z, countNoise);
            Assert.InRange(update / Number(row[3]), 1 - 1e-12, 1 + 1e-12);
            // Both Gaussians together are one of multiplier z: squared inverse multipliers add up.
            Assert.InRange((Math.Pow(update, -2) + Math.Pow(2 * countNoise, -2)) * z * z, 1 - 1e-12, 1 + 1e-12);
        });
    }

    // Table j2: the reference's geometric update.
    [Fact]
    public void The_geometric_update_equals_every_row_of_the_reference()
    {
        var rows = ReferenceRows.Read("j2_adaptive_clip_update.csv").Select(row => row.Select(Number).ToArray()).ToList();
        Assert.Equal(14, rows.Count);
        Assert.All(rows, row =>
        {
            var clip = new AdaptiveClip(new AdaptiveClipOptions
            {
                InitialNorm = row[5],
                TargetQuantile = row[1],
                LearningRate = row[2],
                CountNoise = 0
            });
            clip.Update((row[4] - 0.5) * 200, 200);
            Assert.InRange(clip.Norm / row[6], 1 - 1e-14, 1 + 1e-14);
        });
    }

    [Fact]
    public void The_norm_settles_at_the_quantile_under_noise()
    {
        var clip = new AdaptiveClip(new AdaptiveClipOptions { InitialNorm = 0.01, TargetQuantile = 0.75, CountNoise = 10 });
        var norms = Enumerable.Range(1, 200).Select(i => i / 100.0).ToArray(); // the 0.75 quantile is 1.5
        using var source = SeededNoiseSource.FromSeed(1);
        var noise = new double[1];
        double mean = 0;
        for (var round = 0; round < 400; round++)
        {
            new GaussianNoise(10).Fill(source, noise);
            clip.Update(norms.Sum(clip.Report) + noise[0], norms.Length);
            if (round >= 300) mean += clip.Norm / 100;
        }

        Assert.InRange(mean, 1.4, 1.6);
    }

    [Fact]
    public void The_norm_stays_between_its_limits()
    {
        var clip = new AdaptiveClip(new AdaptiveClipOptions { InitialNorm = 1, CountNoise = 1, SmallestNorm = 0.5, LargestNorm = 2 });
        clip.Update(1e300, 1);
        Assert.Equal(0.5, clip.Norm);
        clip.Update(-1e300, 1);
        Assert.Equal(2, clip.Norm);
    }

    [Fact]
    public void The_event_names_both_releases()
    {
        var clip = new AdaptiveClip(new AdaptiveClipOptions { CountNoise = 5 });
        var composed = Assert.IsType<ComposedEvent>(clip.Event(1.5));
        Assert.Equal([new GaussianEvent(1.5), new GaussianEvent(10)], composed.Events);
        Assert.IsType<NonPrivateEvent>(new AdaptiveClip(new AdaptiveClipOptions { CountNoise = 0 }).Event(1.5));
    }

    [Fact]
    public void Values_outside_their_range_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => AdaptiveClip.UpdateMultiplier(1, 0.5));
        Assert.Throws<ArgumentOutOfRangeException>(() => AdaptiveClip.UpdateMultiplier(0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => AdaptiveClip.UpdateMultiplier(1, double.NaN));
        var valid = new AdaptiveClipOptions { CountNoise = 1 };
        foreach (var options in new[]
        {
            valid with { TargetQuantile = 1 }, valid with { TargetQuantile = double.NaN }, valid with { LearningRate = 0 },
                valid with { CountNoise = -1 },
            valid with { InitialNorm = 0 }, valid with { InitialNorm = 1e7 }, valid with { SmallestNorm = 0 },
                valid with { LargestNorm = 1e30 },
        })
            Assert.Throws<ArgumentOutOfRangeException>(() => new AdaptiveClip(options));
        Assert.Throws<ArgumentOutOfRangeException>(() => new AdaptiveClip(valid).Update(double.NaN, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new AdaptiveClip(valid).Update(0, 0));
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}

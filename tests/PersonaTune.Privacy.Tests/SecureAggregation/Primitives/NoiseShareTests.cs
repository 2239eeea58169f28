using PersonaTune.Privacy.SecureAggregation;

namespace PersonaTune.Privacy.Tests.SecureAggregation.Primitives;

public class NoiseShareTests
{
    [Fact]
    public void Shares_are_sized_for_the_honest_survivors()
    {
        // 100 devices, 30 % dropouts, 10 % corrupt: 60 honest survivors are sure, so sigma_i = 6 / sqrt(60), and 70 reports hold 60 honest ones.
        var share = new NoiseShare(6, 100, 0.3, 0.1);
        Assert.Equal(6 / Math.Sqrt(60), share.DeviceSigma, 12);
        Assert.Equal((60, 10, 70), (share.GuaranteedHonest, share.CorruptDevices, share.MinimumReports));
        Assert.Equal(6, share.GuaranteedSigma(70), 12);
        Assert.Equal(6 * Math.Sqrt(1.5), share.GuaranteedSigma(100), 12);
        Assert.Equal(0, share.GuaranteedSigma(10));
        Assert.Equal(0, share.GuaranteedSigma(3));
    }

    [Fact]
    public void A_round_below_the_count_is_refused()
    {
        var share = new NoiseShare(6, 100, 0.3, 0.1);
        share.EnsureEnough(70);
        var e = Assert.Throws<UnderNoisedRoundException>(() => share.EnsureEnough(69));
        Assert.Equal((69, 70), (e.Reports, e.MinimumReports));
        Assert.True(share.GuaranteedSigma(69) < 6);
    }

    [Fact]
    public void The_smallest_allowed_round_always_carries_the_promised_noise()
    {
        for (var n = 1; n <= 300; n++)
        {
            foreach (var dropout in (double[])[0, 0.05, 0.1, 1.0 / 3, 0.5])
            {
                foreach (var corrupt in (double[])[0, 0.1, 0.2, 1.0 / 3])
                {
                    var share = new NoiseShare(1, n, dropout, corrupt);
                    Assert.True(share.GuaranteedSigma(share.MinimumReports) >= 1 - 1e-9, $"{n} {dropout} {corrupt}");
                    // One report less is too few, or the rounding of the rates to whole devices is all that it had to spare.
                    if (share.MinimumReports > 1) Assert.True(share.GuaranteedHonest - 1 < (1 - dropout - corrupt) * n);
                }
            }
        }
    }

    [Fact]
    public void Without_losses_everybody_adds_an_equal_part()
    {
        var share = new NoiseShare(2, 16, 0, 0);
        Assert.Equal(0.5, share.DeviceSigma, 15);
        Assert.Equal(16, share.MinimumReports);
        Assert.Equal(0, new NoiseShare(0, 16, 0, 0).DeviceSigma);
    }

    [Theory]
    [InlineData(-1.0, 10, 0.1, 0.1)]
    [InlineData(double.NaN, 10, 0.1, 0.1)]
    [InlineData(double.PositiveInfinity, 10, 0.1, 0.1)]
    [InlineData(1.0, 0, 0.1, 0.1)]
    [InlineData(1.0, 10, -0.1, 0.1)]
    [InlineData(1.0, 10, 0.1, 1.0)]
    [InlineData(1.0, 10, double.NaN, 0.1)]
    [InlineData(1.0, 10, 0.5, 0.5)]
    [InlineData(1.0, 10, 0.9, 0.9)]
    public void Numbers_that_make_no_sense_are_refused(double sigma, int n, double dropout, double corrupt) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new NoiseShare(sigma, n, dropout, corrupt));

    [Fact]
    public void More_reports_than_devices_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new NoiseShare(1, 10, 0.1, 0.1).GuaranteedSigma(11));
        Assert.Throws<ArgumentOutOfRangeException>(() => new NoiseShare(1, 10, 0.1, 0.1).GuaranteedSigma(-1));
    }
}

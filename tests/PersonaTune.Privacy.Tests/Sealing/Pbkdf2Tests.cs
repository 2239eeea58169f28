using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Privacy.Tests.Sealing;

public class Pbkdf2Tests
{
    [Theory]
    [InlineData(209_999)]
    [InlineData(50_000_001)]
    [InlineData(0)]
    [InlineData(-1)]
    public void Iterations_outside_the_range_are_refused(int iterations) =>
        Assert.Throws<KeyCostException>(() => Pbkdf2.DeriveKey("p"u8, new byte[16], iterations, new byte[32]));

    // The clock says how long the two trial runs took, so the result does not depend on this machine.
    [Theory]
    [InlineData(500, 210_000)] // slower than the target: the floor
    [InlineData(250, 210_000)]
    [InlineData(125, 430_000)] // 210,000 * 2 * 1.02 = 428,400, rounded up
    [InlineData(50, 1_080_000)] // 210,000 * 5 * 1.02 = 1,071,000
    public void Calibration_reaches_the_target_and_never_falls_below_the_floor(int trialMilliseconds, int expected) =>
        Assert.Equal(expected, Pbkdf2.Calibrate(new StepClock(TimeSpan.FromMilliseconds(trialMilliseconds)), Pbkdf2.DefaultTarget));

    private sealed class StepClock(TimeSpan step) : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks += step.Ticks;
    }
}

using PersonaTune.Privacy.Accounting;

namespace PersonaTune.Privacy.Tests.Accounting;

[Trait("Duration", "Long")]
public sealed class PldCalibrationTests
{
    /// <summary>d5: dp_accounting's calibration to 1e-3 above the smallest noise, on the same grid.</summary>
    [Fact]
    public void Every_row_of_d5_is_met()
    {
        ReferenceCells.All("d5_calibrate_pld_sigma.csv", row =>
        {
            var (q, steps, epsilon) = (ReferenceCells.Number(row[0]), (long)ReferenceCells.Number(row[1]), ReferenceCells.Number(row[2]));
            var (delta, spacing, expected) = (ReferenceCells.Number(row[3]), ReferenceCells.Number(row[4]), ReferenceCells.Number(row[5]));
            var found = MechanismCalibration.SmallestNoise(
                () => new PldAccountant(spacing: spacing),
                sigma => new PoissonSampledEvent(q, new GaussianEvent(sigma)).Times(steps),
                new EpsilonDeltaEvent(epsilon, delta),
                1e-4);
            if (found.Epsilon > epsilon) return $"sigma {found.Value:R} costs {found.Epsilon:R}";

            // The peer's answer is at most 1e-3 too large, ours at most 1e-4.
            return found.Value >= expected - 1e-3 - 1e-6 && found.Value <= expected + 1e-4 + 1e-6
                ? null : $"expected {expected:R}, ours {found.Value:R}";
        });
    }
}

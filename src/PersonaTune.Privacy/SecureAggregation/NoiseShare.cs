namespace PersonaTune.Privacy.SecureAggregation;

/// <summary>
/// How much noise each device adds so that the sum carries noise of standard deviation sigma, although up to a rate of devices
/// drops out and the corrupt ones add none or reveal theirs: sigma_i^2 = sigma^2 / ((1 - dropout - corrupt) n).
/// Guarantee: <see cref="MinimumReports"/> reports hold at least (1 - dropout - corrupt) n honest noise shares. It breaks if more than
/// corrupt n devices collude. For Skellam shares the sum is exactly Skellam; a sum of discrete Gaussians is close to one, and the
/// accountant owns that difference. Immutable and thread-safe.
/// </summary>
public sealed class NoiseShare
{
    // n rate may land just beside an integer that the exact product hits.
    private const double Slack = 1e-9;

    /// <summary>Sizes the shares of <paramref name="count"/> devices for a total of <paramref name="sigma"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">
    /// A rate lies outside [0, 1), the rates leave nobody, or sigma is negative or not finite.
    /// </exception>
    public NoiseShare(double sigma, int count, double dropoutRate, double corruptRate)
    {
        if (!(sigma >= 0) || double.IsInfinity(sigma))
            throw new ArgumentOutOfRangeException(nameof(sigma), sigma, "a standard deviation is finite and not negative");
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        CheckRate(dropoutRate, nameof(dropoutRate));
        CheckRate(corruptRate, nameof(corruptRate));
        var honest = (1 - dropoutRate - corruptRate) * count;
        if (!(honest > Slack))
            throw new ArgumentOutOfRangeException(nameof(dropoutRate), dropoutRate, "dropout and corrupt rates leave no honest survivor");
        Sigma = sigma;
        Count = count;
        DeviceSigma = sigma / Math.Sqrt(honest);
        CorruptDevices = (int)Math.Floor(corruptRate * count + Slack);
        GuaranteedHonest = (int)Math.Ceiling(honest - Slack);
        MinimumReports = Math.Min(count, GuaranteedHonest + CorruptDevices);
    }

    /// <summary>The standard deviation promised for the sum.</summary>
    public double Sigma { get; }

    /// <summary>The number of devices that share in the noise.</summary>
    public int Count { get; }

    /// <summary>sigma_i: the standard deviation of the noise that one device adds.</summary>
    public double DeviceSigma { get; }

    /// <summary>The devices that are assumed to add no noise of their own.</summary>
    public int CorruptDevices { get; }

    /// <summary>The honest reports that the promise needs.</summary>
    public int GuaranteedHonest { get; }

    /// <summary>The reports below which a round is refused.</summary>
    public int MinimumReports { get; }

    /// <summary>
    /// The standard deviation that <paramref name="reports"/> reports are sure to carry, with all corrupt devices among them.
    /// </summary>
    public double GuaranteedSigma(int reports)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(reports);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(reports, Count);
        return DeviceSigma * Math.Sqrt(Math.Max(0, reports - CorruptDevices));
    }

    /// <summary>Throws unless <paramref name="reports"/> reports carry the promised noise.</summary>
    /// <exception cref="UnderNoisedRoundException">There are too few.</exception>
    public void EnsureEnough(int reports)
    {
        if (reports < MinimumReports) throw new UnderNoisedRoundException(reports, MinimumReports);
    }

    private static void CheckRate(double rate, string name)
    {
        if (!(rate >= 0 && rate < 1)) throw new ArgumentOutOfRangeException(name, rate, "a rate lies in [0, 1)");
    }
}

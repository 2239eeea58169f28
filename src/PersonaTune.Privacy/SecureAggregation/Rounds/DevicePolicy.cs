using System.Collections.Concurrent;
using PersonaTune.Privacy.SecureAggregation.Identity;

namespace PersonaTune.Privacy.SecureAggregation.Rounds;

/// <summary>
/// What a device demands of a round before it takes part; it refuses otherwise and says why. Thread-safe if its parts are.
/// </summary>
public sealed class DevicePolicy
{
    private static readonly ConcurrentDictionary<(int, int, int), GraphParameters> Graphs = new();

    /// <summary>Who is enrolled.</summary>
    public required ICertificateValidator Certificates { get; init; }

    /// <summary>The pinned key of the server, or with two servers of the leader.</summary>
    public required IMessageVerifier Server { get; init; }

    /// <summary>The user's privacy budget.</summary>
    public required IRoundBudget Budget { get; init; }

    /// <summary>Where the noise share comes from; null if the device draws none, which only rounds without noise accept.</summary>
    public IReportNoise? Noise { get; init; }

    /// <summary>Whether rounds without noise are refused. Default true; false only where no personal data is at stake.</summary>
    public bool RequireNoise { get; init; } = true;

    /// <summary>The smallest acceptable minimum cohort. Default 32.</summary>
    public int CohortFloor { get; init; } = 32;

    /// <summary>The rate of corrupt devices that a configuration must at least plan for, in parts per million. Default 10 %.</summary>
    public int MinimumCorruptPpm { get; init; } = 100_000;

    /// <summary>The chance that noise makes the sum wrap may be at most 2^-this. Default 40.</summary>
    public int FailureExponent { get; init; } = RingEncoding.DefaultFailureExponent;

    /// <summary>
    /// Degree and threshold that a cohort of a given size needs for the configuration's rates. Default
    /// <see cref="GraphParameters.For"/> against a server that is honest but curious.
    /// </summary>
    public Func<int, RoundConfiguration, GraphParameters> RequiredGraph { get; init; } = DefaultGraph;

    /// <summary>Throws unless the device may join.</summary>
    /// <exception cref="RefusalException">The reason says what was not acceptable.</exception>
    public void Check(RoundConfiguration configuration, IRoundReport report, IRoundMemory memory)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(report);
        ArgumentNullException.ThrowIfNull(memory);
        configuration.Validate();
        var last = memory.LastRound(configuration.Task);
        if (configuration.Round <= last)
        {
            throw Refuse(
                RefusalReason.ReplayedRound,
                $"expected a round after {last} of task '{configuration.Task}', got {configuration.Round}; wait for the next");
        }

        if (!configuration.ModelHash.Span.SequenceEqual(report.ModelHash.Span))
            throw Refuse(
                RefusalReason.ModelMismatch, "it asks for another model than the one trained on; fetch that model and train first");
        if (!configuration.AdapterSchemaHash.Span.SequenceEqual(report.AdapterSchemaHash.Span))
            throw Refuse(RefusalReason.SchemaMismatch, "it asks for another adapter layout than the one trained; train that layout first");
        if (configuration.MinimumDevices < CohortFloor)
        {
            throw Refuse(
                RefusalReason.CohortFloor,
                $"expected a minimum cohort of at least {CohortFloor}, got {configuration.MinimumDevices}; raise it");
        }

        CheckNoise(configuration);
        try
        {
            RingEncoding.EnsureFits(
                configuration.Bits, configuration.MaximumDevices, configuration.CoordinateBound,
                configuration.NoiseSigma * Math.Sqrt(configuration.MaximumDevices), configuration.Dimension, FailureExponent);
        }
        catch (RingOverflowException e)
        {
            throw Refuse(RefusalReason.WidthOverflow, e.Problem, e);
        }

        if (configuration.CorruptPpm < MinimumCorruptPpm)
        {
            throw Refuse(
                RefusalReason.ThresholdTooLow,
                $"expected a corrupt rate of at least {MinimumCorruptPpm} ppm, got {configuration.CorruptPpm}; plan for more");
        }

        if (!Budget.Covers(configuration))
            throw Refuse(RefusalReason.BudgetExhausted, "no budget remains after it; wait until budget is granted");
    }

    /// <summary>Throws unless degree and threshold suffice for a cohort of <paramref name="count"/>.</summary>
    internal void CheckGraph(RoundConfiguration configuration, int count, int degree, int threshold)
    {
        GraphParameters required;
        try
        {
            required = RequiredGraph(count, configuration);
        }
        catch (InfeasibleGraphException e)
        {
            throw Refuse(RefusalReason.ThresholdTooLow, e.Problem, e);
        }

        // More neighbours than required hold more corrupt ones among them, so that the threshold has to follow.
        var least = degree > required.Degree ? Math.Max(required.Threshold, SafeThreshold(configuration, count, degree)) : required.Threshold;
        if (degree >= required.Degree && threshold >= least) return;
        throw Refuse(
            RefusalReason.ThresholdTooLow,
            $"{count} devices need degree {required.Degree} and threshold {least}, got {degree} and {threshold}; raise them");
    }

    // With probability 1 - 2^-41 no device of the cohort has as many corrupt neighbours: the rule behind GraphParameters.
    private static int SafeThreshold(RoundConfiguration configuration, int count, int degree)
    {
        var corrupt = (int)((long)configuration.CorruptPpm * count / RoundConfiguration.Million);
        return new Hypergeometric(count, corrupt, degree).UpperQuantile(Math.ScaleB(1, -41) / count) + 1;
    }

    private void CheckNoise(RoundConfiguration configuration)
    {
        if (configuration.Noise == NoiseKind.None)
        {
            if (RequireNoise) throw Refuse(RefusalReason.NoiseMissing, "it adds no noise; configure a noise share");
            return;
        }

        if (Noise is null || !Noise.Supports(configuration.Noise))
            throw Refuse(RefusalReason.NoiseMissing, $"this device draws no {configuration.Noise} noise; configure a kind that it draws");
        if (!(configuration.GuaranteedNoiseSigma > 0))
            throw Refuse(
                RefusalReason.NoiseMissing, "the minimum cohort may consist of corrupt devices, which add no noise; raise the minimum");
    }

    private static GraphParameters DefaultGraph(int count, RoundConfiguration configuration) => Graphs.GetOrAdd(
        (count, configuration.CorruptPpm, configuration.DropoutPpm),
        key => GraphParameters.For(
            key.Item1, (double)key.Item2 / RoundConfiguration.Million, (double)key.Item3 / RoundConfiguration.Million));

    private static RefusalException Refuse(RefusalReason reason, string problem, Exception? inner = null) =>
        new(reason, "offered round", problem, inner);
}

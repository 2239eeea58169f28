using System.Collections.Concurrent;
using PersonaTune.Privacy.Mechanisms;
using PersonaTune.Privacy.SecureAggregation;
using PersonaTune.Privacy.SecureAggregation.Rounds;
using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Aggregator.Aggregation;

/// <summary>
/// From a task's terms to what its rounds compute. Deterministic: a device derives the same from the signed task and refuses a round that says otherwise.
/// </summary>
internal static class TaskEncoding
{
    private static readonly ConcurrentDictionary<(int, int, int), GraphParameters> Graphs = new();

    /// <summary>How an update becomes integers.</summary>
    public static UpdateEncodingOptions Options(TaskDefinition task) => new()
    {
        Dimension = task.Adapter.Dimension,
        ClipNorm = task.Encoding.Clip,
        Scale = task.Encoding.Scale,
        RotationSeed = Convert.FromHexString(task.Encoding.RotationSeed),
        Beta = task.Encoding.Beta,
    };

    /// <summary>The standard deviation of the noise that covers one contribution, in integer units: z times the bound of a report's norm.</summary>
    public static double NoiseSigma(TaskDefinition task) => task.Privacy.NoiseMultiplier * new UpdateEncoder(Options(task)).L2Bound;

    /// <summary>Devices of a cohort that surely are honest and in the sum.</summary>
    public static int GuaranteedHonest(CohortTerms cohorts) =>
        Math.Max(0, cohorts.MinimumCohort - (int)((long)cohorts.CorruptPpm * cohorts.CohortSize / RoundConfiguration.Million));

    /// <summary>
    /// The configuration of an attempt. Noise shares are sized so that <see cref="RoundConfiguration.GuaranteedNoiseSigma"/> is <see cref="NoiseSigma"/>. A
    /// cohort that is too small for a sparse graph gets a complete one.
    /// </summary>
    public static RoundConfiguration Configuration(TaskDefinition task, long sequence)
    {
        var (cohorts, secure) = (task.Cohorts, task.Aggregation == AggregationKind.Secure);
        var graph = secure
            ? Graphs.GetOrAdd((cohorts.CohortSize, cohorts.CorruptPpm, cohorts.DropoutPpm), key => GraphParameters.For(
                key.Item1, (double)key.Item2 / RoundConfiguration.Million, (double)key.Item3 / RoundConfiguration.Million))
            : new GraphParameters(cohorts.CohortSize, 2, 2);
        var distributed = task.Privacy.Kind == PrivacyKind.Distributed;
        var stage = TimeSpan.FromSeconds(cohorts.StageSeconds);
        return new RoundConfiguration
        {
            Task = task.Name,
            Round = sequence,
            ModelHash = Convert.FromHexString(task.Adapter.BaseModelDigest),
            AdapterSchemaHash = Convert.FromHexString(task.Adapter.SchemaHash),
            Mode = AggregationMode.SingleServer,
            Dimension = new UpdateEncoder(Options(task)).PaddedDimension,
            Bits = task.Encoding.Bits,
            Clip = task.Encoding.Clip,
            Scale = task.Encoding.Scale,
            Noise = !distributed ? NoiseKind.None : task.Privacy.Law == NoiseLaw.Skellam ? NoiseKind.Skellam : NoiseKind.DiscreteGaussian,
            NoiseSigma = distributed ? NoiseSigma(task) / Math.Sqrt(GuaranteedHonest(cohorts)) : 0,
            MinimumDevices = cohorts.MinimumCohort,
            MaximumDevices = cohorts.CohortSize,
            Degree = graph.Degree + (graph.Degree % 2),
            Threshold = graph.Threshold,
            CorruptPpm = cohorts.CorruptPpm,
            DropoutPpm = cohorts.DropoutPpm,
            QuorumPpm = (RoundConfiguration.Million + cohorts.CorruptPpm + 1) / 2,
            Durations = new StageDurations(
                TimeSpan.FromMilliseconds(Math.Round(cohorts.RecruitSeconds * 1000)), Whole(stage), Whole(stage),
                TimeSpan.FromMilliseconds(Math.Round(cohorts.CollectSeconds * 1000)), Whole(stage), Whole(stage)),
            LedgerUnit = "device",
        };
    }

    private static TimeSpan Whole(TimeSpan duration) => TimeSpan.FromMilliseconds(Math.Round(duration.TotalMilliseconds));
}

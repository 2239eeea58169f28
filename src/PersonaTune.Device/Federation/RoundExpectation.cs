using PersonaTune.Privacy.Mechanisms;
using PersonaTune.Privacy.SecureAggregation;
using PersonaTune.Privacy.SecureAggregation.Rounds;
using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Device.Federation;

/// <summary>
/// Whether a round is the one that the operator's signed task promises. The aggregator signs rounds with another key than the operator signs tasks, so a device compares every
/// term. Thread-safe.
/// </summary>
public static class RoundExpectation
{
    /// <summary>How the task's updates become integers.</summary>
    public static UpdateEncodingOptions Encoding(TaskDefinition task)
    {
        ArgumentNullException.ThrowIfNull(task);
        return new UpdateEncodingOptions
        {
            Dimension = task.Adapter.Dimension,
            ClipNorm = task.Encoding.Clip,
            Scale = task.Encoding.Scale,
            RotationSeed = Convert.FromHexString(task.Encoding.RotationSeed),
            Beta = task.Encoding.Beta,
        };
    }

    /// <summary>Throws unless the round keeps what the task promises.</summary>
    /// <exception cref="RefusalException">The message names the term.</exception>
    public static void Check(TaskDefinition task, RoundConfiguration round)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(round);
        var encoder = new UpdateEncoder(Encoding(task));
        Require(round.Task == task.Name, "task", round.Task, task.Name);
        Require(round.Mode == AggregationMode.SingleServer, "mode", round.Mode, AggregationMode.SingleServer);
        Require(round.ModelHash.Span.SequenceEqual(Convert.FromHexString(task.Adapter.BaseModelDigest)), "model", Convert.ToHexStringLower(round.ModelHash.Span), task.Adapter.BaseModelDigest);
        Require(round.AdapterSchemaHash.Span.SequenceEqual(Convert.FromHexString(task.Adapter.SchemaHash)), "layout", Convert.ToHexStringLower(round.AdapterSchemaHash.Span), task.Adapter.SchemaHash);
        Require(round.Dimension == encoder.PaddedDimension, "dimension", round.Dimension, encoder.PaddedDimension);
        Require(round.Bits == task.Encoding.Bits, "width", round.Bits, task.Encoding.Bits);
        Require(round.Clip == task.Encoding.Clip, "clip norm", round.Clip, task.Encoding.Clip);
        Require(round.Scale == task.Encoding.Scale, "scale", round.Scale, task.Encoding.Scale);
        Require(round.MinimumDevices == task.Cohorts.MinimumCohort, "minimum cohort", round.MinimumDevices, task.Cohorts.MinimumCohort);
        Require(round.MaximumDevices == task.Cohorts.CohortSize, "largest cohort", round.MaximumDevices, task.Cohorts.CohortSize);
        Require(round.CorruptPpm == task.Cohorts.CorruptPpm, "corrupt rate", round.CorruptPpm, task.Cohorts.CorruptPpm);
        Require(round.DropoutPpm == task.Cohorts.DropoutPpm, "dropout rate", round.DropoutPpm, task.Cohorts.DropoutPpm);
        var kind = task.Privacy.Kind != PrivacyKind.Distributed ? NoiseKind.None
            : task.Privacy.Law == NoiseLaw.Skellam ? NoiseKind.Skellam : NoiseKind.DiscreteGaussian;
        Require(round.Noise == kind, "noise", round.Noise, kind);
        if (kind == NoiseKind.None) return;
        var promised = task.Privacy.NoiseMultiplier * encoder.L2Bound;
        if (!(round.GuaranteedNoiseSigma >= promised * (1 - 1e-9)))
        {
            throw Refuse(FormattableString.Invariant(
                $"the noise that the sum is sure to carry is {round.GuaranteedNoiseSigma:G6}, the signed task promises {promised:G6}; do not take part"));
        }
    }

    private static void Require<T>(bool holds, string term, T found, T expected)
    {
        if (!holds) throw Refuse(FormattableString.Invariant($"its {term} is {found}, the signed task says {expected}; do not take part"));
    }

    private static RefusalException Refuse(string problem) => new(RefusalReason.ConfigurationInvalid, "offered round", problem);
}

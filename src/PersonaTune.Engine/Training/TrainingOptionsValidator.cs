using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using PersonaTune.Engine.Lora;

namespace PersonaTune.Engine.Training;

/// <summary>Checks training options and names them in checkpoints.</summary>
internal static class TrainingOptionsValidator
{
    /// <exception cref="ArgumentException">Names the option, its range and what was found.</exception>
    public static void Validate(TrainingOptions options)
    {
        LoraInitialization.Validate(options.Lora);
        Demand(options.Epochs >= 1, nameof(options.Epochs), "at least 1", options.Epochs);
        Demand(options.MaxSteps is null or >= 1, nameof(options.MaxSteps), "at least 1", options.MaxSteps ?? 0);
        Demand(options.BatchSequences >= 1, nameof(options.BatchSequences), "at least 1", options.BatchSequences);
        Demand(options.MicroBatchTokens is >= 2 and <= 1 << 20, nameof(options.MicroBatchTokens), "2 to 1,048,576", options.MicroBatchTokens);
        Demand(float.IsFinite(options.LearningRate) && options.LearningRate > 0, nameof(options.LearningRate), "above 0", options.LearningRate);
        Demand(Enum.IsDefined(options.Schedule), nameof(options.Schedule), "a known schedule", (int)options.Schedule);
        Demand(Enum.IsDefined(options.ForwardPrecision), nameof(options.ForwardPrecision), "a known precision", (int)options.ForwardPrecision);
        Demand(options.WarmupFraction is >= 0 and <= 1, nameof(options.WarmupFraction), "0 to 1", options.WarmupFraction);
        Demand(options.LearningRateFloor is >= 0 and <= 1, nameof(options.LearningRateFloor), "0 to 1", options.LearningRateFloor);
        Demand(options.Beta1 is >= 0 and < 1, nameof(options.Beta1), "0 to below 1", options.Beta1);
        Demand(options.Beta2 is >= 0 and < 1, nameof(options.Beta2), "0 to below 1", options.Beta2);
        Demand(float.IsFinite(options.Epsilon) && options.Epsilon > 0, nameof(options.Epsilon), "above 0", options.Epsilon);
        Demand(options.WeightDecay is >= 0 and <= 1, nameof(options.WeightDecay), "0 to 1", options.WeightDecay);
        Demand(options.MaxGradientNorm >= 0, nameof(options.MaxGradientNorm), "at least 0", options.MaxGradientNorm);
        Demand(options.EvaluateEverySteps >= 0, nameof(options.EvaluateEverySteps), "at least 0", options.EvaluateEverySteps);
        Demand(options.Patience >= 0, nameof(options.Patience), "at least 0", options.Patience);
        Demand(options.Memory is null or { Bytes: > 0 }, nameof(options.Memory), "above 0 bytes", options.Memory?.Bytes ?? 0);
        Demand(options.CheckpointedBlocks is null or >= 0, nameof(options.CheckpointedBlocks), "at least 0", options.CheckpointedBlocks ?? 0);
    }

    /// <summary>SHA-256 over every option that changes the result; how much memory is used does not.</summary>
    public static byte[] Digest(TrainingOptions options)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(LoraConfigJson.Write(options.Lora));
        hash.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture,
            $"|{options.Epochs}|{options.MaxSteps}|{options.BatchSequences}|{options.LearningRate:R}|{options.Schedule}|{options.WarmupFraction:R}"
            + $"|{options.LearningRateFloor:R}|{options.Beta1:R}|{options.Beta2:R}|{options.Epsilon:R}|{options.WeightDecay:R}|{options.MaxGradientNorm:R}"
            + $"|{options.OrderSeed}|{options.EvaluateEverySteps}|{options.Patience}|{options.KeepBest}|{options.ForwardPrecision}")));
        return hash.GetHashAndReset();
    }

    private static void Demand<T>(bool holds, string option, string range, T found)
    {
        if (!holds) throw new ArgumentException($"TrainingOptions.{option} must be {range}, found {found}", nameof(found));
    }
}

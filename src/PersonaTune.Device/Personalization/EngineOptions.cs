using System.Security.Cryptography;
using System.Text;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Training;

namespace PersonaTune.Device.Personalization;

/// <summary>A recipe in the engine's terms.</summary>
internal static class EngineOptions
{
    private static readonly string UnsetSeed = new('0', 64);

    /// <summary>The adapter's shape; its seed follows the recipe's unless it was set (as a federated task does).</summary>
    public static LoraConfig Lora(TrainingRecipe recipe) =>
        string.Equals(recipe.Lora.Seed, UnsetSeed, StringComparison.Ordinal)
            ? recipe.Lora with { Seed = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"PersonaTune/recipe-seed/1/{recipe.Seed}"))) }
            : recipe.Lora;

    public static TrainingOptions Training(TrainingRecipe recipe, int microBatchTokens, int? checkpointedBlocks, MemoryBudget? memory) => new()
    {
        Lora = Lora(recipe),
        Epochs = recipe.MaximumEpochs,
        BatchSequences = recipe.BatchSize,
        MicroBatchTokens = microBatchTokens,
        LearningRate = recipe.LearningRate,
        WarmupFraction = (float)recipe.WarmupFraction,
        WeightDecay = recipe.WeightDecay,
        MaxGradientNorm = recipe.GradientClip,
        OrderSeed = recipe.Seed,
        Patience = recipe.Patience,
        KeepBest = true,
        CheckpointedBlocks = checkpointedBlocks,
        Memory = memory,
    };

    /// <summary>The second pass: all messages, a known number of steps along the same schedule, nothing held out.</summary>
    public static TrainingOptions Refit(TrainingRecipe recipe, int steps, int microBatchTokens, int? checkpointedBlocks) =>
        Training(recipe, microBatchTokens, checkpointedBlocks, null) with { MaxSteps = steps, Patience = 0, KeepBest = false };
}

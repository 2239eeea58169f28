using PersonaTune.Engine.Lora;

namespace PersonaTune.Engine.Vision;

/// <summary>What a training made.</summary>
/// <param name="Adapter">The LoRA pairs; null where a head alone was trained.</param>
/// <param name="Head">The label head for embeddings with that adapter.</param>
/// <param name="Losses">Mean loss of each epoch.</param>
public sealed record PhotoTrainingResult(LoraAdapter? Adapter, PhotoHead Head, IReadOnlyList<double> Losses);

using PersonaTune.Engine.Lora;

namespace PersonaTune.Engine.Vision;

/// <summary>How labels are learned. The defaults were chosen on faces (few pictures a label) and digits (many); see <c>bench/README.md</c>.</summary>
public sealed record PhotoTrainingOptions
{
    /// <summary>LoRA rank. Default 8.</summary>
    public int Rank { get; init; } = 8;

    /// <summary>LoRA alpha. Default 16.</summary>
    public float Alpha { get; init; } = 16f;

    /// <summary>How many of the encoder's adaptable layers carry a pair, counted from the embedding; 0 trains a head alone. Default 8.</summary>
    public int Layers { get; init; } = 8;

    /// <summary>Passes over the taught pictures. Default 12.</summary>
    public int Epochs { get; init; } = 12;

    /// <summary>Pictures a step. Default 16.</summary>
    public int BatchSize { get; init; } = 16;

    /// <summary>AdamW's rate of the LoRA pairs at its peak; it falls along half a cosine. Default 1e-3.</summary>
    public float LearningRate { get; init; } = 1e-3f;

    /// <summary>AdamW's decoupled decay. Default 0.01.</summary>
    public float WeightDecay { get; init; } = 0.01f;

    /// <summary>Factor of the cosines in the training's softmax. Default 16.</summary>
    public float CosineScale { get; init; } = 16f;

    /// <summary>Views of each picture to learn from: the picture, its mirror image, enlargements. 1 to 6, default 6.</summary>
    public int Views { get; init; } = 6;

    /// <summary>Whether mirrored pictures show the same thing; turn it off for letters and digits. Default true.</summary>
    public bool Mirror { get; init; } = true;

    /// <summary>Shrinkage of the head's covariance towards a multiple of the identity, above 0. Default 1.</summary>
    public double Shrinkage { get; init; } = 1;

    /// <summary>Most bytes of activations and cached states. Default 256 MiB.</summary>
    public long MemoryBytes { get; init; } = 256L << 20;

    /// <summary>Seed of A's initialization and of the order of pictures; 32 bytes as 64 hex digits. Default: all zero.</summary>
    public string Seed { get; init; } = new('0', 64);

    /// <summary>Checks every setting.</summary>
    /// <exception cref="ArgumentException">Names the setting, its range and what was found.</exception>
    public void Validate()
    {
        void Demand(bool holds, string what)
        {
            if (!holds) throw new ArgumentException("PhotoTrainingOptions." + what, what[..what.IndexOf(' ', StringComparison.Ordinal)]);
        }

        Demand(Rank is >= 1 and <= 512, $"Rank must be 1 to 512, found {Rank}");
        Demand(float.IsFinite(Alpha) && Alpha > 0, $"Alpha must be finite and above 0, found {Alpha}");
        Demand(Layers is >= 0 and <= 10_000, $"Layers must be 0 to 10,000, found {Layers}");
        Demand(Epochs is >= 0 and <= 10_000, $"Epochs must be 0 to 10,000, found {Epochs}");
        Demand(BatchSize is >= 1 and <= 4_096, $"BatchSize must be 1 to 4,096, found {BatchSize}");
        Demand(float.IsFinite(LearningRate) && LearningRate > 0, $"LearningRate must be finite and above 0, found {LearningRate}");
        Demand(WeightDecay is >= 0 and < 1, $"WeightDecay must be 0 to below 1, found {WeightDecay}");
        Demand(CosineScale is > 0 and <= 1_000, $"CosineScale must be above 0 to 1,000, found {CosineScale}");
        Demand(Views is >= 1 and <= 6, $"Views must be 1 to 6, found {Views}");
        Demand(Shrinkage is > 0 and <= 1e6, $"Shrinkage must be above 0 to 1e6, found {Shrinkage}");
        Demand(MemoryBytes >= 1 << 20, $"MemoryBytes must be at least 1 MiB, found {MemoryBytes}");
        Demand(Seed.Length == 64 && Seed.All(char.IsAsciiHexDigit), "Seed must be 32 bytes as 64 hex digits");
    }

    /// <summary>The pairs that these options give an encoder's layers; null where there are none.</summary>
    internal LoraAdapter? CreateAdapter(PhotoEncoder encoder)
    {
        var layers = encoder.Layers.Skip(Math.Max(0, encoder.Layers.Count - Layers)).ToArray();
        if (layers.Length == 0 || Epochs == 0) return null;
        var config = new LoraConfig { Rank = Rank, Alpha = Alpha, Seed = Seed, Targets = [.. layers.Select(layer => layer.Target).Distinct().Order()] };
        LoraInitialization.Validate(config);
        var seed = Convert.FromHexString(Seed);
        var adapter = new LoraAdapter(config, encoder.BlockCount, encoder.Digest);
        foreach (var layer in layers)
        {
            var a = new float[Rank * layer.Inputs];
            LoraInitialization.Draw(seed, LoraShapes.TensorName(layer.Block, layer.Target), 1f / MathF.Sqrt(layer.Inputs), a);
            adapter[layer.Block, layer.Target] = new LoraPair(Rank, layer.Inputs, layer.Outputs, LoraShapes.Scale(config, layer.Target), a, new float[layer.Outputs * Rank]);
        }

        return adapter;
    }
}

using PersonaTune.Engine.Lora;

namespace PersonaTune.Engine.Layers;

/// <summary>One LoRA pair as training holds it. B is kept transposed: every product then runs along contiguous rows.</summary>
internal sealed unsafe class AdapterEntry(int block, LoraTarget target, int rank, int paddedRank, int inputs, int outputs, float scale)
{
    public int Block { get; } = block;

    public LoraTarget Target { get; } = target;

    public int Rank { get; } = rank;

    /// <summary>The rank rounded up to whole vectors: the row width of A x.</summary>
    public int PaddedRank { get; } = paddedRank;

    public int Inputs { get; } = inputs;

    public int Outputs { get; } = outputs;

    public float Scale { get; } = scale;

    /// <summary>(rank, inputs).</summary>
    public float* A { get; set; }

    /// <summary>(rank, outputs).</summary>
    public float* TransposedB { get; set; }

    /// <summary>Gradient of <see cref="A"/>; null where A is frozen.</summary>
    public float* GradientA { get; set; }

    /// <summary>Gradient of <see cref="TransposedB"/>.</summary>
    public float* GradientB { get; set; }

    /// <summary>Dropout stream of the current micro-batch; unused without dropout.</summary>
    public ulong DropoutKey { get; set; }
}

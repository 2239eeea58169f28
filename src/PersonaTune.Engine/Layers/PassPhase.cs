namespace PersonaTune.Engine.Layers;

/// <summary>What the time of a pass is counted under.</summary>
internal enum PassPhase
{
    /// <summary>Products with frozen block weights.</summary>
    Products,

    /// <summary>LoRA products.</summary>
    Lora,

    /// <summary>Scores, softmax, values and their gradients.</summary>
    Attention,

    /// <summary>Norms, rotations, activations, lookups, copies.</summary>
    Elementwise,

    /// <summary>The vocabulary head and the loss.</summary>
    Head,

    /// <summary>Number of phases.</summary>
    Count,
}

namespace PersonaTune.Engine.Inference;

/// <summary>The activations that feed linear layers; layers with one input share one product with their A factors.</summary>
internal enum LoraInput
{
    /// <summary>Normed input of attention: query, key and value.</summary>
    Attention,

    /// <summary>Output of attention: the output projection.</summary>
    AttentionOutput,

    /// <summary>Normed input of the feed-forward layer: gate and up.</summary>
    FeedForward,

    /// <summary>Gated activations: down.</summary>
    FeedForwardOutput,

    /// <summary>Normed final state: the head.</summary>
    Head,
}

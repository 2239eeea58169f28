namespace PersonaTune.Engine.Inference;

/// <summary>How activations enter the products with quantized weights.</summary>
public enum ActivationPrecision
{
    /// <summary>Rounded to 8 bits a block of 32 where the weights are block-quantized: the fast path for inference.</summary>
    Fast,

    /// <summary>Kept in f32 everywhere: the exact path, which training uses too.</summary>
    Exact,
}

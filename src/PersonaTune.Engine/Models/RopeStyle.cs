namespace PersonaTune.Engine.Models;

/// <summary>Which elements of a head rotary embedding pairs (Su et al. 2021).</summary>
public enum RopeStyle
{
    /// <summary>Elements 2i and 2i+1: GGUF files of the llama architecture.</summary>
    AdjacentPairs,

    /// <summary>Elements i and i + dim/2: Hugging Face layout; GGUF files of the qwen2, gemma and phi3 architectures.</summary>
    HalfSplit,
}

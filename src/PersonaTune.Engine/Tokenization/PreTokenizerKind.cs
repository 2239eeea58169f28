namespace PersonaTune.Engine.Tokenization;

/// <summary>How a byte-level vocabulary's family cuts text into pieces before merging; merges never cross a cut.</summary>
public enum PreTokenizerKind
{
    /// <summary>GPT-2: contractions, and runs of letters, digits or other characters with one leading space.</summary>
    Gpt2,

    /// <summary>Llama 3: any one leading character before letters, digits by threes, line ends kept together; whole pieces win over merges.</summary>
    Llama3,

    /// <summary>Qwen 2 to 3: as Llama 3 with single digits.</summary>
    Qwen2,

    /// <summary>SmolLM: single digits first, then GPT-2.</summary>
    SmolLm,
}

namespace PersonaTune.Engine.Tokenization;

/// <summary>How tokens are put together.</summary>
public enum TokenizerModel
{
    /// <summary>Greedy merging by score with byte fallback (Kudo and Richardson 2018); GGUF's "llama".</summary>
    SentencePiece,

    /// <summary>Byte-level byte-pair encoding with a ranked list of merges (Radford et al. 2019); GGUF's "gpt2".</summary>
    ByteLevelBpe,
}

namespace PersonaTune.Engine.Inference;

/// <summary>Why a generation ended.</summary>
public enum FinishReason
{
    /// <summary>The model ended the sequence, or drew one of the stop tokens.</summary>
    StopToken,

    /// <summary>A stop string appeared; the text before it was returned.</summary>
    StopString,

    /// <summary><see cref="GenerationOptions.MaxTokens"/> were generated.</summary>
    MaxTokens,

    /// <summary>The context is full.</summary>
    ContextLimit,
}

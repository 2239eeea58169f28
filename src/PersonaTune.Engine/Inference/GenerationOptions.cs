namespace PersonaTune.Engine.Inference;

/// <summary>How a text is continued.</summary>
public sealed record GenerationOptions
{
    /// <summary>The defaults.</summary>
    public static GenerationOptions Default { get; } = new();

    /// <summary>Most tokens to generate, at least 1. Default 256.</summary>
    public int MaxTokens { get; init; } = 256;

    /// <summary>How tokens are drawn.</summary>
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>Whether the vocabulary's end-of-sequence token ends the generation. Default true.</summary>
    public bool StopAtEndOfSequence { get; init; } = true;

    /// <summary>More tokens that end the generation. Default none.</summary>
    public IReadOnlyList<int> StopTokens { get; init; } = [];

    /// <summary>Texts that end the generation and are not returned. Default none.</summary>
    public IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <summary>Checks every value against its range.</summary>
    /// <exception cref="EngineException">A value is out of range; the message names it.</exception>
    public void Validate()
    {
        if (MaxTokens < 1) throw new EngineException($"GenerationOptions.MaxTokens is at least 1, found {MaxTokens}");
        if (StopStrings.Any(string.IsNullOrEmpty)) throw new EngineException("GenerationOptions.StopStrings holds an empty text, which would stop at once; remove it");
        Sampling.Validate();
    }
}

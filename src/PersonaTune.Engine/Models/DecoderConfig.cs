namespace PersonaTune.Engine.Models;

/// <summary>
/// Everything in which decoder families differ, as data: one decoder serves them all. Widths are in elements, positions in tokens.
/// </summary>
public sealed record DecoderConfig
{
    /// <summary>GGUF's <c>general.architecture</c>, for example "llama".</summary>
    public required string Architecture { get; init; }

    /// <summary>Width of the residual stream (dim).</summary>
    public required int EmbeddingLength { get; init; }

    /// <summary>Number of transformer blocks.</summary>
    public required int BlockCount { get; init; }

    /// <summary>Query heads a block.</summary>
    public required int HeadCount { get; init; }

    /// <summary>Key/value heads a block; divides <see cref="HeadCount"/> (grouped-query attention, Ainslie et al. 2023).</summary>
    public required int KeyValueHeadCount { get; init; }

    /// <summary>Width of one head.</summary>
    public required int HeadLength { get; init; }

    /// <summary>Width of the feed-forward layer.</summary>
    public required int FeedForwardLength { get; init; }

    /// <summary>Number of token ids.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Longest sequence the model was made for, in tokens.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Epsilon inside the RMS norm (Zhang and Sennrich 2019). Default 1e-5.</summary>
    public float NormEpsilon { get; init; } = 1e-5f;

    /// <summary>Rotary base frequency. Default 10,000.</summary>
    public float RopeTheta { get; init; } = 10_000f;

    /// <summary>Which elements are paired by the rotation.</summary>
    public RopeStyle RopeStyle { get; init; } = RopeStyle.AdjacentPairs;

    /// <summary>How positions are stretched beyond the trained context; null for none.</summary>
    public RopeScaling? RopeScaling { get; init; }

    /// <summary>Whether the output head is the embedding matrix.</summary>
    public bool TiedHead { get; init; }

    /// <summary>Width of all query heads together.</summary>
    public int QueryLength => HeadCount * HeadLength;

    /// <summary>Width of all key (or value) heads together.</summary>
    public int KeyValueLength => KeyValueHeadCount * HeadLength;
}

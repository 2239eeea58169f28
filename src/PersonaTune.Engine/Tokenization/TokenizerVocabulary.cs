using PersonaTune.Engine.Formats;

namespace PersonaTune.Engine.Tokenization;

/// <summary>
/// Everything a file says about its tokenizer, unchecked: what <see cref="TokenizerFactory.Create"/> takes and what a writer of GGUF
/// metadata needs. Lists run by token id.
/// </summary>
public sealed record TokenizerVocabulary
{
    /// <summary>The file or stream as the user knows it; names the culprit in errors.</summary>
    public required string Subject { get; init; }

    /// <summary>How tokens are put together.</summary>
    public required TokenizerModel Model { get; init; }

    /// <summary>Token spellings as files hold them: byte-level vocabularies in GPT-2's byte alphabet, SentencePiece ones with U+2581 for a space.</summary>
    public required IReadOnlyList<string> Tokens { get; init; }

    /// <summary>Kinds; null means that all tokens are <see cref="TokenKind.Normal"/>.</summary>
    public IReadOnlyList<TokenKind>? Kinds { get; init; }

    /// <summary>SentencePiece scores, higher merges first; required for <see cref="TokenizerModel.SentencePiece"/>.</summary>
    public IReadOnlyList<float>? Scores { get; init; }

    /// <summary>Merges "left right", best first; required for <see cref="TokenizerModel.ByteLevelBpe"/>.</summary>
    public IReadOnlyList<string>? Merges { get; init; }

    /// <summary>Cuts of byte-level vocabularies. Default GPT-2.</summary>
    public PreTokenizerKind PreTokenizer { get; init; }

    /// <summary>A piece that is a token as a whole skips its merges. Default false.</summary>
    public bool IgnoreMerges { get; init; }

    /// <summary>SentencePiece: a space is put before the text. Default false.</summary>
    public bool AddSpacePrefix { get; init; }

    /// <summary>Beginning-of-sequence id.</summary>
    public int? BosId { get; init; }

    /// <summary>End-of-sequence id.</summary>
    public int? EosId { get; init; }

    /// <summary>Whether the model expects <see cref="BosId"/> before a text. Default false.</summary>
    public bool AddBos { get; init; }

    internal FileFormatException Invalid(string problem) => new(Subject, problem);
}

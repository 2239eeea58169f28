namespace PersonaTune.Engine.Tokenization;

/// <summary>Text to token ids and back. Implementations are immutable and thread-safe.</summary>
public interface ITokenizer
{
    /// <summary>Number of token ids; ids run from 0 to VocabularySize - 1.</summary>
    int VocabularySize { get; }

    /// <summary>Beginning-of-sequence id, or null if the vocabulary has none.</summary>
    int? BosId { get; }

    /// <summary>End-of-sequence id, or null if the vocabulary has none.</summary>
    int? EosId { get; }

    /// <summary>Whether the model expects <see cref="BosId"/> before a text.</summary>
    bool AddBos { get; }

    /// <summary>SHA-256 over vocabulary, merges or scores and settings, lower-case hex: two tokenizers with equal digests encode alike.</summary>
    string Digest { get; }

    /// <summary>Encodes a text without adding special tokens; text that spells a special token is encoded as plain text.</summary>
    IReadOnlyList<int> Encode(ReadOnlySpan<char> text);

    /// <summary>The exact bytes that a token stands for (without a leading-space rule); empty for control tokens. A token may hold part of a UTF-8 character.</summary>
    ReadOnlySpan<byte> TokenBytes(int id);

    /// <summary>The id of the token that the vocabulary spells so (control tokens included), or null; used to find a chat template's marks.</summary>
    int? FindToken(string spelling) => null;

    /// <summary>Whether the id is a control token (BOS, EOS, padding, unused) that never stands for text.</summary>
    bool IsControl(int id);

    /// <summary>Decodes ids to text; invalid UTF-8 becomes U+FFFD, control tokens are dropped, a vocabulary's leading-space rule is undone.</summary>
    string Decode(ReadOnlySpan<int> ids);
}

namespace PersonaTune.Engine.Tokenization;

/// <summary>What a vocabulary entry is for; the numbers are those of GGUF's <c>tokenizer.ggml.token_type</c>.</summary>
public enum TokenKind
{
    /// <summary>Ordinary text.</summary>
    Normal = 1,

    /// <summary>Stands for text that the vocabulary cannot spell; never produced by byte-complete vocabularies.</summary>
    Unknown = 2,

    /// <summary>BOS, EOS, padding and the like; stands for no text and is never produced from text.</summary>
    Control = 3,

    /// <summary>A literal that is matched in the text before anything else.</summary>
    UserDefined = 4,

    /// <summary>Reserved; never produced from text.</summary>
    Unused = 5,

    /// <summary>One raw byte, spelled <c>&lt;0x0A&gt;</c>.</summary>
    Byte = 6,
}

using PersonaTune.Engine.Formats;

namespace PersonaTune.Engine.Tokenization;

public static partial class TokenizerFactory
{
    /// <summary>Makes the tokenizer that a GGUF file carries.</summary>
    /// <exception cref="FileFormatException">The file carries none, its vocabulary contradicts itself, or its model or family is not supported.</exception>
    public static ITokenizer FromGguf(GgufMetadata metadata) => Create(ReadGguf(metadata));

    /// <summary>Whether a GGUF file carries a tokenizer at all.</summary>
    public static bool HasTokenizer(GgufMetadata metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        return metadata.Contains("tokenizer.ggml.model") && metadata.FindString("tokenizer.ggml.model") != "none";
    }

    /// <summary>Reads the <c>tokenizer.ggml</c> keys without making the tokenizer.</summary>
    /// <exception cref="FileFormatException">A key is missing, of the wrong type, or names an unsupported model or family.</exception>
    public static TokenizerVocabulary ReadGguf(GgufMetadata metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        var model = metadata.GetString("tokenizer.ggml.model") switch
        {
            "llama" => TokenizerModel.SentencePiece,
            "gpt2" => TokenizerModel.ByteLevelBpe,
            var other => throw new FileFormatException(metadata.Subject,
                $"tokenizer.ggml.model is '{other}'; supported are 'llama' (SentencePiece) and 'gpt2' (byte-level BPE)"),
        };
        var sentencePiece = model == TokenizerModel.SentencePiece;
        var preTokenizer = sentencePiece ? PreTokenizerKind.Gpt2 : PreTokenizer(metadata);
        var bos = metadata.FindInt32("tokenizer.ggml.bos_token_id", 0);
        return new TokenizerVocabulary
        {
            Subject = metadata.Subject,
            Model = model,
            Tokens = metadata.GetStrings("tokenizer.ggml.tokens"),
            Kinds = metadata.FindInt32s("tokenizer.ggml.token_type") is { } types ? Array.ConvertAll(types, type => (TokenKind)type) : null,
            Scores = sentencePiece ? metadata.FindSingles("tokenizer.ggml.scores") : null,
            Merges = sentencePiece ? null : metadata.FindStrings("tokenizer.ggml.merges"),
            PreTokenizer = preTokenizer,
            IgnoreMerges = preTokenizer == PreTokenizerKind.Llama3,
            AddSpacePrefix = sentencePiece && (metadata.FindBoolean("tokenizer.ggml.add_space_prefix") ?? true),
            BosId = bos,
            EosId = metadata.FindInt32("tokenizer.ggml.eos_token_id", 0),
            AddBos = metadata.FindBoolean("tokenizer.ggml.add_bos_token")
                ?? (bos is not null && (sentencePiece || preTokenizer == PreTokenizerKind.Llama3)),
        };
    }

    /// <summary>The name that GGUF files give a pre-tokenizer.</summary>
    public static string GgufName(PreTokenizerKind kind) => kind switch
    {
        PreTokenizerKind.Llama3 => "llama-bpe",
        PreTokenizerKind.Qwen2 => "qwen2",
        PreTokenizerKind.SmolLm => "smollm",
        _ => "gpt-2",
    };

    private static PreTokenizerKind PreTokenizer(GgufMetadata metadata) => metadata.FindString("tokenizer.ggml.pre") switch
    {
        // Files older than the key hold GPT-2's vocabulary.
        null or "gpt-2" or "gpt2" => PreTokenizerKind.Gpt2,
        "llama-bpe" or "llama3" or "llama-v3" => PreTokenizerKind.Llama3,
        "qwen2" => PreTokenizerKind.Qwen2,
        "smollm" => PreTokenizerKind.SmolLm,
        var other => throw new FileFormatException(metadata.Subject,
            $"tokenizer.ggml.pre is '{other}'; supported are gpt-2, llama-bpe, qwen2 and smollm"),
    };
}

using PersonaTune.Engine.Tokenization;

namespace PersonaTune.Engine.Formats;

/// <summary>GGUF metadata for a Hugging Face folder: hyper-parameters and tokenizer.</summary>
internal static class HuggingFaceMetadata
{
    public static List<KeyValuePair<string, GgufValue>> Create(string folder, HuggingFaceConfig config)
    {
        var entries = new List<KeyValuePair<string, GgufValue>>();
        Add(entries, "general.architecture", GgufValue.Of("llama"));
        Add(entries, "general.type", GgufValue.Of("model"));
        Add(entries, "general.name", GgufValue.Of(Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)))));
        Count("vocab_size", config.VocabularySize);
        Count("context_length", config.ContextLength);
        Count("embedding_length", config.EmbeddingLength);
        Count("block_count", config.BlockCount);
        Count("feed_forward_length", config.FeedForwardLength);
        Count("attention.head_count", config.HeadCount);
        Count("attention.head_count_kv", config.KeyValueHeadCount);
        Count("attention.key_length", config.HeadLength);
        Count("attention.value_length", config.HeadLength);
        Add(entries, "llama.attention.layer_norm_rms_epsilon", GgufValue.Of(config.NormEpsilon));
        Count("rope.dimension_count", config.HeadLength);
        Add(entries, "llama.rope.freq_base", GgufValue.Of(config.RopeTheta));
        if (config.LinearScale is { } scale)
        {
            Add(entries, "llama.rope.scaling.type", GgufValue.Of("linear"));
            Add(entries, "llama.rope.scaling.factor", GgufValue.Of(scale));
        }

        AddTokenizer(entries, folder, config);
        return entries;

        void Count(string key, int value) => Add(entries, "llama." + key, GgufValue.Of((uint)value));
    }

    private static void AddTokenizer(List<KeyValuePair<string, GgufValue>> entries, string folder, HuggingFaceConfig config)
    {
        var path = Path.Combine(folder, "tokenizer.json");
        if (!File.Exists(path))
        {
            // Other engines take this to mean: ids in, ids out.
            Add(entries, "tokenizer.ggml.model", GgufValue.Of("none"));
            return;
        }

        var vocabulary = TokenizerFactory.ReadTokenizerJson(path);
        var size = config.VocabularySize;
        if (vocabulary.Tokens.Count > size) throw new FileFormatException(path, $"the vocabulary has {vocabulary.Tokens.Count} tokens, config.json says {size}");
        var tokens = new string[size];
        var kinds = new int[size];
        var scores = new float[size];
        for (var id = 0; id < size; id++)
        {
            // The embedding may be padded to a round size; ids without a token never occur in text.
            var known = id < vocabulary.Tokens.Count;
            tokens[id] = known ? vocabulary.Tokens[id] : $"[PAD{id}]";
            kinds[id] = (int)(known ? vocabulary.Kinds?[id] ?? TokenKind.Normal : TokenKind.Unused);
            scores[id] = known && vocabulary.Scores is { } s ? s[id] : -10_000f;
        }

        var sentencePiece = vocabulary.Model == TokenizerModel.SentencePiece;
        Add(entries, "tokenizer.ggml.model", GgufValue.Of(sentencePiece ? "llama" : "gpt2"));
        Add(entries, "tokenizer.ggml.pre", GgufValue.Of(sentencePiece ? "default" : TokenizerFactory.GgufName(vocabulary.PreTokenizer)));
        Add(entries, "tokenizer.ggml.tokens", GgufValue.Of(tokens));
        if (sentencePiece) Add(entries, "tokenizer.ggml.scores", GgufValue.Of(scores));
        Add(entries, "tokenizer.ggml.token_type", GgufValue.Of(kinds));
        if (!sentencePiece) Add(entries, "tokenizer.ggml.merges", GgufValue.Of([.. vocabulary.Merges ?? []]));
        var bos = vocabulary.BosId ?? config.BosId;
        var eos = vocabulary.EosId ?? config.EosId;
        if (bos is { } b) Add(entries, "tokenizer.ggml.bos_token_id", GgufValue.Of((uint)b));
        if (eos is { } e) Add(entries, "tokenizer.ggml.eos_token_id", GgufValue.Of((uint)e));
        Add(entries, "tokenizer.ggml.add_bos_token", GgufValue.Of(vocabulary.AddBos));
        if (sentencePiece) Add(entries, "tokenizer.ggml.add_space_prefix", GgufValue.Of(vocabulary.AddSpacePrefix));
    }

    private static void Add(List<KeyValuePair<string, GgufValue>> entries, string key, GgufValue value) => entries.Add(new(key, value));
}

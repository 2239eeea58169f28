using PersonaTune.Engine.Formats;

namespace PersonaTune.Engine.Models;

/// <summary>Reads and checks the hyper-parameters of a model file.</summary>
internal static class ModelConfigReader
{
    // Far above every published model, low enough that no product of two of them leaves 63 bits.
    private const int MaxBlocks = 512;
    private const int MaxHeads = 4_096;
    private const int MaxWidth = 1 << 20;
    private const int MaxVocabulary = 1 << 24;
    private const int MaxContext = 1 << 28;

    public static DecoderConfig Read(GgufFile file)
    {
        var metadata = file.Metadata;
        var architecture = metadata.GetString("general.architecture");
        if (metadata.FindString("general.type") is { } kind and not "model")
            throw new FileFormatException(file.Subject, $"general.type is '{kind}', expected a model; load an adapter on top of its base model instead");
        if (architecture != "llama")
            throw new FileFormatException(file.Subject, $"architecture '{architecture}' is not supported; this version runs 'llama'");
        if (metadata.FindInt32("llama.expert_count", 0) is > 0) throw new FileFormatException(file.Subject, "mixtures of experts are not supported");

        var dim = metadata.GetInt32("llama.embedding_length", 1, MaxWidth);
        var heads = metadata.GetInt32("llama.attention.head_count", 1, MaxHeads);
        var keyValueHeads = metadata.FindInt32("llama.attention.head_count_kv", 1, heads) ?? heads;
        if (heads % keyValueHeads != 0)
            throw new FileFormatException(file.Subject, $"{heads} query heads cannot share {keyValueHeads} key/value heads evenly");
        var headLength = metadata.FindInt32("llama.attention.key_length", 1, MaxWidth) ?? DefaultHeadLength(file, dim, heads);
        Demand(file, "llama.attention.value_length", metadata.FindInt32("llama.attention.value_length"), headLength);
        Demand(file, "llama.rope.dimension_count", metadata.FindInt32("llama.rope.dimension_count"), headLength);
        if (headLength % 2 != 0) throw new FileFormatException(file.Subject, $"a head must have an even width to be rotated, found {headLength}");
        if ((long)heads * headLength > MaxWidth) throw new FileFormatException(file.Subject, $"{heads} heads of width {headLength} exceed {MaxWidth}");

        var embedding = file.GetTensor("token_embd.weight");
        if (embedding.Rows is < 1 or > MaxVocabulary) throw new FileFormatException(file.Subject, $"token_embd.weight has {embedding.Rows} rows, expected 1..{MaxVocabulary}");
        var vocabulary = (int)embedding.Rows;
        Demand(file, "llama.vocab_size", metadata.FindInt32("llama.vocab_size"), vocabulary);
        if (metadata.FindStrings("tokenizer.ggml.tokens") is { } tokens) Demand(file, "tokenizer.ggml.tokens (count)", tokens.Count, vocabulary);

        var context = metadata.GetInt32("llama.context_length", 1, MaxContext);
        return new DecoderConfig
        {
            Architecture = architecture,
            EmbeddingLength = dim,
            BlockCount = metadata.GetInt32("llama.block_count", 1, MaxBlocks),
            HeadCount = heads,
            KeyValueHeadCount = keyValueHeads,
            HeadLength = headLength,
            FeedForwardLength = metadata.GetInt32("llama.feed_forward_length", 1, MaxWidth),
            VocabularySize = vocabulary,
            ContextLength = context,
            NormEpsilon = Positive(file, "llama.attention.layer_norm_rms_epsilon", metadata.GetSingle("llama.attention.layer_norm_rms_epsilon")),
            RopeTheta = Positive(file, "llama.rope.freq_base", metadata.FindSingle("llama.rope.freq_base") ?? 10_000f),
            RopeStyle = RopeStyle.AdjacentPairs,
            RopeScaling = Scaling(file, headLength, context),
            TiedHead = !file.TryGetTensor("output.weight", out _),
        };
    }

    private static RopeScaling? Scaling(GgufFile file, int headLength, int context)
    {
        var metadata = file.Metadata;
        if (file.TryGetTensor("rope_freqs.weight", out _))
        {
            var factors = file.GetVector("rope_freqs.weight");
            Demand(file, "rope_freqs.weight (length)", factors.Length, headLength / 2);
            foreach (var factor in factors) Positive(file, "rope_freqs.weight", factor);
            return new RopeScaling { Kind = RopeScalingKind.Factors, Factors = factors };
        }

        // Files from before the scaling keys carry the factor alone.
        var legacy = metadata.FindSingle("llama.rope.scale_linear");
        var rule = metadata.FindString("llama.rope.scaling.type") ?? (legacy is null or 1f ? "none" : "linear");
        if (rule == "none") return null;
        var scale = Positive(file, "llama.rope.scaling.factor", metadata.FindSingle("llama.rope.scaling.factor") ?? legacy ?? 1f);
        if (scale < 1f) throw new FileFormatException(file.Subject, $"llama.rope.scaling.factor must be at least 1, found {scale}");
        return rule switch
        {
            "linear" => scale == 1f ? null : new RopeScaling { Kind = RopeScalingKind.Linear, Factor = scale },
            "llama3" => Llama3(file, scale, context),
            _ => throw new FileFormatException(file.Subject, $"rotary scaling '{rule}' is not supported (none, linear and llama3 are)"),
        };
    }

    private static RopeScaling Llama3(GgufFile file, float scale, int context)
    {
        var metadata = file.Metadata;
        var low = Positive(file, "llama.rope.scaling.low_freq_factor", metadata.FindSingle("llama.rope.scaling.low_freq_factor") ?? 1f);
        var high = Positive(file, "llama.rope.scaling.high_freq_factor", metadata.FindSingle("llama.rope.scaling.high_freq_factor") ?? 4f);
        if (high <= low) throw new FileFormatException(file.Subject, $"llama3 rotary scaling needs low_freq_factor < high_freq_factor, found {low} and {high}");
        return new RopeScaling
        {
            Kind = RopeScalingKind.Llama3,
            Factor = scale,
            LowFrequencyFactor = low,
            HighFrequencyFactor = high,
            OriginalContextLength = metadata.FindInt32("llama.rope.scaling.original_context_length", 1, MaxContext) ?? context,
        };
    }

    private static int DefaultHeadLength(GgufFile file, int dim, int heads) => dim % heads == 0
        ? dim / heads
        : throw new FileFormatException(file.Subject, $"embedding length {dim} is no multiple of {heads} heads, and llama.attention.key_length is absent");

    private static void Demand(GgufFile file, string what, int? found, int expected)
    {
        if (found is { } value && value != expected) throw new FileFormatException(file.Subject, $"{what} must be {expected} by the rest of the file, found {value}");
    }

    private static float Positive(GgufFile file, string what, float value) =>
        value > 0f && float.IsFinite(value) ? value : throw new FileFormatException(file.Subject, $"{what} must be positive and finite, found {value}");
}

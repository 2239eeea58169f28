using System.Text.Json;

namespace PersonaTune.Engine.Formats;

/// <summary>What a conversion needs of a Hugging Face <c>config.json</c> of the llama family, checked.</summary>
internal sealed class HuggingFaceConfig
{
    private const int MaxWidth = 1 << 20;

    public required int EmbeddingLength { get; init; }

    public required int FeedForwardLength { get; init; }

    public required int BlockCount { get; init; }

    public required int HeadCount { get; init; }

    public required int KeyValueHeadCount { get; init; }

    public required int HeadLength { get; init; }

    public required int VocabularySize { get; init; }

    public required int ContextLength { get; init; }

    public required float NormEpsilon { get; init; }

    public required float RopeTheta { get; init; }

    public required bool TiedHead { get; init; }

    public int? BosId { get; init; }

    public int? EosId { get; init; }

    /// <summary>Factor of linear rotary scaling, or null.</summary>
    public float? LinearScale { get; init; }

    /// <summary>The divisor of each of the HeadLength / 2 frequencies by Llama 3's rule, or null.</summary>
    public float[]? RopeFactors { get; init; }

    /// <summary>Reads and checks the file.</summary>
    /// <exception cref="FileFormatException">The file is malformed or describes a model outside the llama family.</exception>
    public static HuggingFaceConfig Read(string path) => new Reader(path).Read();

    private sealed class Reader(string path)
    {
        private JsonElement _root;

        public HuggingFaceConfig Read()
        {
            if (!File.Exists(path)) throw new FileFormatException(path, "the file is missing; a Hugging Face model folder holds config.json, model.safetensors and tokenizer.json");
            if (new FileInfo(path).Length > 1 << 20) throw new FileFormatException(path, "the file is longer than 1 MiB, which no model configuration is");
            try
            {
                using var document = JsonDocument.Parse(File.ReadAllBytes(path));
                _root = document.RootElement;
                if (_root.ValueKind != JsonValueKind.Object) throw Error("the file must hold a JSON object");
                return Convert();
            }
            catch (Exception exception) when (exception is JsonException or InvalidOperationException)
            {
                throw new FileFormatException(path, $"the file is no valid configuration: {exception.Message}", exception);
            }
        }

        private HuggingFaceConfig Convert()
        {
            var type = Find(_root, "model_type")?.GetString();
            if (type is not ("llama" or "mistral")) throw Error($"model_type '{type}' is not supported; llama and mistral are");
            if (Find(_root, "hidden_act")?.GetString() is { } activation and not ("silu" or "swish")) throw Error($"hidden_act '{activation}' is not supported; silu is");
            foreach (var bias in new[] { "attention_bias", "mlp_bias" })
                if (Find(_root, bias) is { ValueKind: JsonValueKind.True }) throw Error($"{bias} is not supported");
            if (Find(_root, "pretraining_tp") is { } parallel && parallel.GetInt32() > 1) throw Error("pretraining_tp above 1 is not supported");

            var dim = Integer("hidden_size", MaxWidth) ?? throw Missing("hidden_size");
            var heads = Integer("num_attention_heads", 4096) ?? throw Missing("num_attention_heads");
            var headLength = Integer("head_dim", MaxWidth) ?? (dim % heads == 0 ? dim / heads : throw Error($"hidden_size {dim} is no multiple of {heads} heads, and head_dim is absent"));
            if (headLength % 2 != 0) throw Error($"head_dim must be even, found {headLength}");
            var context = Integer("max_position_embeddings", 1 << 28) ?? throw Missing("max_position_embeddings");
            // A model with a sliding window equals one with full attention only up to the window's length.
            if (Integer("sliding_window", int.MaxValue) is { } window) context = Math.Min(context, window);
            // Newer files keep theta and scaling together in rope_parameters.
            var rope = Find(_root, "rope_parameters") ?? Find(_root, "rope_scaling");
            var theta = Number(_root, "rope_theta") ?? (rope is { } r ? Number(r, "rope_theta") : null) ?? 10_000f;
            var rule = rope is { } scaling ? (Find(scaling, "rope_type") ?? Find(scaling, "type"))?.GetString() ?? "default" : "default";
            if (rule is not ("default" or "linear" or "llama3")) throw Error($"rotary scaling '{rule}' is not supported (default, linear and llama3 are)");
            return new HuggingFaceConfig
            {
                EmbeddingLength = dim,
                FeedForwardLength = Integer("intermediate_size", MaxWidth) ?? throw Missing("intermediate_size"),
                BlockCount = Integer("num_hidden_layers", 512) ?? throw Missing("num_hidden_layers"),
                HeadCount = heads,
                KeyValueHeadCount = Integer("num_key_value_heads", heads) ?? heads,
                HeadLength = headLength,
                VocabularySize = Integer("vocab_size", 1 << 24) ?? throw Missing("vocab_size"),
                ContextLength = context,
                NormEpsilon = Number(_root, "rms_norm_eps") ?? 1e-6f,
                RopeTheta = theta,
                TiedHead = Find(_root, "tie_word_embeddings") is { ValueKind: JsonValueKind.True },
                BosId = TokenId("bos_token_id"),
                EosId = TokenId("eos_token_id"),
                LinearScale = rule == "linear" ? Number(rope!.Value, "factor") ?? throw Missing("rope_scaling.factor") : null,
                RopeFactors = rule == "llama3" ? Llama3Factors(rope!.Value, theta, headLength, context) : null,
            };
        }

        /// <summary>Llama 3.1's rule: long wavelengths are divided by the factor, short ones kept, a ramp in between.</summary>
        private float[] Llama3Factors(JsonElement rope, float theta, int headLength, int context)
        {
            var factor = Number(rope, "factor") ?? throw Missing("rope_scaling.factor");
            var low = Number(rope, "low_freq_factor") ?? 1f;
            var high = Number(rope, "high_freq_factor") ?? 4f;
            var original = Number(rope, "original_max_position_embeddings") ?? context;
            if (high <= low) throw Error($"rope_scaling needs low_freq_factor < high_freq_factor, found {low} and {high}");
            var factors = new float[headLength / 2];
            for (var i = 0; i < factors.Length; i++)
            {
                var wavelength = 2 * Math.PI * Math.Pow(theta, 2.0 * i / headLength);
                if (wavelength < original / high) factors[i] = 1f;
                else if (wavelength > original / low) factors[i] = factor;
                else
                {
                    var smooth = (original / wavelength - low) / (high - low);
                    factors[i] = (float)(1 / ((1 - smooth) / factor + smooth));
                }
            }

            return factors;
        }

        private static JsonElement? Find(JsonElement element, string name) =>
            element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

        private int? Integer(string name, int maximum)
        {
            if (Find(_root, name) is not { } value) return null;
            return value.TryGetInt32(out var number) && number >= 1 && number <= maximum ? number : throw Error($"{name} must lie in 1..{maximum}, found {value.GetRawText()}");
        }

        private float? Number(JsonElement element, string name)
        {
            if (Find(element, name) is not { } value) return null;
            return value.TryGetSingle(out var number) && number > 0 && float.IsFinite(number) ? number : throw Error($"{name} must be positive, found {value.GetRawText()}");
        }

        private int? TokenId(string name)
        {
            if (Find(_root, name) is not { } value) return null;
            if (value.ValueKind == JsonValueKind.Array) value = value.GetArrayLength() > 0 ? value[0] : throw Error($"{name} is empty");
            return value.TryGetInt32(out var id) && id >= 0 ? id : null;
        }

        private FileFormatException Missing(string name) => Error($"'{name}' is missing");

        private FileFormatException Error(string problem) => new(path, problem);
    }
}

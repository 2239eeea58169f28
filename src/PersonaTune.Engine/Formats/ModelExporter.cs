using System.Text.Json;
using PersonaTune.Engine.Models;
using PersonaTune.Engine.Quantization;
using PersonaTune.Engine.Tensors;
using PersonaTune.Engine.Tokenization;

namespace PersonaTune.Engine.Formats;

/// <summary>
/// The way back from GGUF: a Hugging Face folder with <c>config.json</c>, <c>model.safetensors</c> and, for byte-level vocabularies,
/// <c>tokenizer.json</c> and <c>tokenizer_config.json</c>, with the rows of q and k in half-split order. Static and thread-safe.
/// </summary>
public static class ModelExporter
{
    private const int ChunkElements = 1 << 20;

    /// <summary>Decodes the llama model <paramref name="source"/> into the folder <paramref name="destination"/>, which is created where missing.</summary>
    /// <exception cref="FileFormatException">The source is damaged or unsupported, or a value does not fit the type.</exception>
    /// <exception cref="ArgumentException">The options name a type other than F32, F16 and BF16.</exception>
    /// <exception cref="IOException">A file cannot be read or written.</exception>
    public static void Export(string source, string destination, ExportOptions? options = null)
    {
        options ??= new ExportOptions();
        var type = options.Type switch
        {
            SafetensorsType.F32 => TensorType.F32,
            SafetensorsType.F16 => TensorType.F16,
            SafetensorsType.BF16 => TensorType.BF16,
            _ => throw new ArgumentException($"weights are exported as F32, F16 or BF16, not {options.Type}", nameof(options)),
        };
        var file = GgufFile.Open(source);
        using var model = ModelLoader.Load(file);
        Directory.CreateDirectory(destination);
        new Writer(model, options.Type, type).Write(Path.Combine(destination, "model.safetensors"));
        AtomicFile.Write(Path.Combine(destination, "config.json"), stream => WriteConfig(stream, model, options.Type));
        if (!TokenizerFactory.HasTokenizer(file.Metadata)) return;
        var vocabulary = TokenizerFactory.ReadGguf(file.Metadata);
        // SentencePiece scores have no exact counterpart in tokenizer.json, so that vocabulary stays in the GGUF file.
        if (vocabulary.Model == TokenizerModel.ByteLevelBpe) TokenizerJsonWriter.Write(vocabulary, destination);
    }

    private static void WriteConfig(Stream stream, DecoderModel model, SafetensorsType type)
    {
        var c = model.Config;
        using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteStartArray("architectures");
        json.WriteStringValue("LlamaForCausalLM");
        json.WriteEndArray();
        json.WriteString("model_type", "llama");
        json.WriteNumber("hidden_size", c.EmbeddingLength);
        json.WriteNumber("intermediate_size", c.FeedForwardLength);
        json.WriteNumber("num_hidden_layers", c.BlockCount);
        json.WriteNumber("num_attention_heads", c.HeadCount);
        json.WriteNumber("num_key_value_heads", c.KeyValueHeadCount);
        json.WriteNumber("head_dim", c.HeadLength);
        json.WriteNumber("vocab_size", c.VocabularySize);
        json.WriteNumber("max_position_embeddings", c.ContextLength);
        json.WriteNumber("rms_norm_eps", c.NormEpsilon);
        json.WriteNumber("rope_theta", c.RopeTheta);
        WriteRopeScaling(json, c);
        json.WriteString("hidden_act", "silu");
        json.WriteBoolean("tie_word_embeddings", c.TiedHead);
        if (model.Tokenizer?.BosId is { } bos) json.WriteNumber("bos_token_id", bos);
        if (model.Tokenizer?.EosId is { } eos) json.WriteNumber("eos_token_id", eos);
        json.WriteString("torch_dtype", type switch { SafetensorsType.F32 => "float32", SafetensorsType.F16 => "float16", _ => "bfloat16" });
        json.WriteEndObject();
    }

    private static void WriteRopeScaling(Utf8JsonWriter json, DecoderConfig config)
    {
        if (config.RopeScaling is not { } scaling) return;
        // Divisors alone do not tell the rule that made them; writing a guess would make a subtly different model.
        if (scaling.Kind == RopeScalingKind.Factors)
            throw new FileFormatException("rope_freqs.weight", "a model with stored rotary factors cannot be exported: config.json has no place for them");
        json.WriteStartObject("rope_scaling");
        json.WriteString("rope_type", scaling.Kind == RopeScalingKind.Linear ? "linear" : "llama3");
        json.WriteNumber("factor", scaling.Factor);
        if (scaling.Kind == RopeScalingKind.Llama3)
        {
            json.WriteNumber("low_freq_factor", scaling.LowFrequencyFactor);
            json.WriteNumber("high_freq_factor", scaling.HighFrequencyFactor);
            json.WriteNumber("original_max_position_embeddings", scaling.OriginalContextLength);
        }

        json.WriteEndObject();
    }

    private sealed class Writer(DecoderModel model, SafetensorsType type, TensorType encoding)
    {
        private readonly SafetensorsWriter _writer = new();

        public void Write(string path)
        {
            _writer.SetMetadata("format", "pt");
            Matrix("model.embed_tokens.weight", model.TokenEmbedding);
            for (var i = 0; i < model.Blocks.Count; i++)
            {
                var (prefix, block) = ($"model.layers.{i}.", model.Blocks[i]);
                Vector(prefix + "input_layernorm.weight", block.AttentionNorm);
                Matrix(prefix + "self_attn.q_proj.weight", block.Query, rotated: true);
                Matrix(prefix + "self_attn.k_proj.weight", block.Key, rotated: true);
                Matrix(prefix + "self_attn.v_proj.weight", block.Value);
                Matrix(prefix + "self_attn.o_proj.weight", block.Output);
                Vector(prefix + "post_attention_layernorm.weight", block.FeedForwardNorm);
                Matrix(prefix + "mlp.gate_proj.weight", block.Gate);
                Matrix(prefix + "mlp.up_proj.weight", block.Up);
                Matrix(prefix + "mlp.down_proj.weight", block.Down);
            }

            Vector("model.norm.weight", model.OutputNorm);
            if (!model.Config.TiedHead) Matrix("lm_head.weight", model.Head);
            _writer.Write(path);
        }

        private void Vector(string name, float[] values) =>
            _writer.Add(name, type, [values.Length], (long)values.Length * type.ElementBytes(), stream => Encode(name, values, stream));

        private void Matrix(string name, WeightMatrix matrix, bool rotated = false)
        {
            var (rows, columns) = (matrix.Rows, matrix.Columns);
            _writer.Add(name, type, [rows, columns], (long)rows * columns * type.ElementBytes(), stream =>
            {
                var values = new float[Math.Clamp(ChunkElements / columns, 1, rows) * columns];
                for (var first = 0; first < rows;)
                {
                    var count = Math.Min(values.Length / columns, rows - first);
                    for (var i = 0; i < count; i++)
                    {
                        var row = rotated ? HeadPermutation.AdjacentRow(first + i, model.Config.HeadLength) : first + i;
                        BlockCodec.Decode(matrix.Type, matrix.RowsBytes(row, 1), values.AsSpan(i * columns, columns));
                    }

                    Encode(name, values.AsSpan(0, count * columns), stream);
                    first += count;
                }
            });
        }

        private void Encode(string name, ReadOnlySpan<float> values, Stream stream)
        {
            var bytes = new byte[values.Length * type.ElementBytes()];
            try
            {
                BlockCodec.Encode(encoding, values, bytes);
            }
            catch (ArgumentException exception)
            {
                throw new FileFormatException(name, $"{exception.Message}; export as F32 or BF16", exception);
            }

            stream.Write(bytes);
        }
    }
}

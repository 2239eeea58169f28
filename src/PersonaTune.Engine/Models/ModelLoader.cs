using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Quantization;
using PersonaTune.Engine.Tensors;
using PersonaTune.Engine.Tokenization;

namespace PersonaTune.Engine.Models;

/// <summary>Opens GGUF model files of the llama architecture (Llama 1 to 3, Mistral, SmolLM2, TinyLlama). Static and thread-safe.</summary>
public static class ModelLoader
{
    /// <summary>
    /// Maps a model file, validates hyper-parameters and shapes, and returns a model whose matrices point into the file. Computes the
    /// file's digest, so it reads the file once.
    /// </summary>
    /// <exception cref="FileFormatException">The file is damaged, truncated, of an unsupported architecture, or lacks a tensor.</exception>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static DecoderModel Load(string path) => Load(GgufFile.Open(path));

    /// <summary>Builds a model from an open file and takes the file over: it is released with the model, or at once on failure.</summary>
    /// <exception cref="FileFormatException">The file is of an unsupported architecture, inconsistent, or lacks a tensor.</exception>
    public static DecoderModel Load(GgufFile file)
    {
        try
        {
            var config = ModelConfigReader.Read(file);
            var weights = new WeightReader(file);
            var (dim, queries, keys, inner) = (config.EmbeddingLength, config.QueryLength, config.KeyValueLength, config.FeedForwardLength);
            var embedding = weights.Matrix("token_embd.weight", config.VocabularySize, dim);
            var norm = weights.Vector("output_norm.weight", dim);
            var head = config.TiedHead ? embedding : weights.Matrix("output.weight", config.VocabularySize, dim);
            var blocks = new BlockWeights[config.BlockCount];
            for (var i = 0; i < blocks.Length; i++)
            {
                blocks[i] = new BlockWeights
                {
                    AttentionNorm = weights.Vector($"blk.{i}.attn_norm.weight", dim),
                    Query = weights.Matrix($"blk.{i}.attn_q.weight", queries, dim),
                    Key = weights.Matrix($"blk.{i}.attn_k.weight", keys, dim),
                    Value = weights.Matrix($"blk.{i}.attn_v.weight", keys, dim),
                    Output = weights.Matrix($"blk.{i}.attn_output.weight", dim, queries),
                    FeedForwardNorm = weights.Vector($"blk.{i}.ffn_norm.weight", dim),
                    Gate = weights.Matrix($"blk.{i}.ffn_gate.weight", inner, dim),
                    Up = weights.Matrix($"blk.{i}.ffn_up.weight", inner, dim),
                    Down = weights.Matrix($"blk.{i}.ffn_down.weight", dim, inner),
                };
            }

            weights.DemandNothingLeft();
            var tokenizer = TokenizerFactory.HasTokenizer(file.Metadata) ? TokenizerFactory.FromGguf(file.Metadata) : null;
            if (tokenizer?.VocabularySize > config.VocabularySize)
                throw new FileFormatException(file.Subject, $"the tokenizer has {tokenizer.VocabularySize} tokens, the model only {config.VocabularySize}");
            return new DecoderModel(config, embedding, blocks, norm, head, tokenizer, file.Digest, file.Memory);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Fetches tensors of a demanded shape and notes which ones were used.</summary>
    private sealed class WeightReader(GgufFile file)
    {
        private readonly HashSet<string> _used = new(StringComparer.Ordinal) { "rope_freqs.weight" };

        public WeightMatrix Matrix(string name, int rows, int columns)
        {
            var matrix = file.GetMatrix(name);
            if (matrix.Rows != rows || matrix.Columns != columns)
            {
                throw new FileFormatException(file.Subject,
                    $"tensor '{name}' must have {rows} rows of {columns} elements by the file's metadata, found {matrix.Rows} of {matrix.Columns}");
            }

            if (!BlockCodec.CanDecode(matrix.Type)) throw new FileFormatException(file.Subject, $"tensor '{name}' has the type {matrix.Type}, which holds no weights");
            _used.Add(name);
            return matrix;
        }

        public float[] Vector(string name, int length)
        {
            var vector = file.GetVector(name);
            if (vector.Length != length) throw new FileFormatException(file.Subject, $"tensor '{name}' must have {length} elements by the file's metadata, found {vector.Length}");
            if (vector.AsSpan().ContainsAnyExceptInRange(float.MinValue, float.MaxValue))
                throw new FileFormatException(file.Subject, $"tensor '{name}' holds a value that is not finite");
            _used.Add(name);
            return vector;
        }

        /// <summary>A tensor that the decoder would ignore (a bias, an expert) changes what the model computes: better no answer than a wrong one.</summary>
        public void DemandNothingLeft()
        {
            foreach (var tensor in file.Tensors)
                if (!_used.Contains(tensor.Name) && !tensor.Name.EndsWith(".attn_rot_embd", StringComparison.Ordinal))
                    throw new FileFormatException(file.Subject, $"tensor '{tensor.Name}' is not part of the llama architecture as this version knows it");
        }
    }
}

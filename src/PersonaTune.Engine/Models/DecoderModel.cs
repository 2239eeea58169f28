using PersonaTune.Engine.Tensors;
using PersonaTune.Engine.Tokenization;

namespace PersonaTune.Engine.Models;

/// <summary>
/// A frozen decoder: configuration, weights that point into a memory-mapped file, tokenizer and digest. Immutable and thread-safe;
/// one instance serves any number of sessions and trainers. Dispose it after the last of them.
/// </summary>
public sealed class DecoderModel : IDisposable
{
    private readonly IDisposable? _owner;

    /// <summary>Creates a model; <paramref name="owner"/> holds the memory of the weights and is disposed with the model.</summary>
    public DecoderModel(DecoderConfig config, WeightMatrix tokenEmbedding, IReadOnlyList<BlockWeights> blocks, float[] outputNorm,
        WeightMatrix head, ITokenizer? tokenizer, string digest, IDisposable? owner)
    {
        Config = config;
        TokenEmbedding = tokenEmbedding;
        Blocks = blocks;
        OutputNorm = outputNorm;
        Head = head;
        Tokenizer = tokenizer;
        Digest = digest;
        _owner = owner;
    }

    /// <summary>Shapes and family settings.</summary>
    public DecoderConfig Config { get; }

    /// <summary>(vocabulary, dim).</summary>
    public WeightMatrix TokenEmbedding { get; }

    /// <summary>The transformer blocks, first to last.</summary>
    public IReadOnlyList<BlockWeights> Blocks { get; }

    /// <summary>RMS norm before the head, (dim).</summary>
    public float[] OutputNorm { get; }

    /// <summary>(vocabulary, dim): the embedding itself when the head is tied.</summary>
    public WeightMatrix Head { get; }

    /// <summary>The file's tokenizer, or null where it carries none.</summary>
    public ITokenizer? Tokenizer { get; }

    /// <summary>The file's Jinja chat template (<c>tokenizer.chat_template</c>), or null. It is foreign text: recognize it, never run it.</summary>
    public string? ChatTemplate { get; init; }

    /// <summary>SHA-256 of the model file, lower-case hex: what an adapter's lineage names as its base.</summary>
    public string Digest { get; }

    /// <summary>Releases the memory-mapped file.</summary>
    public void Dispose() => _owner?.Dispose();
}

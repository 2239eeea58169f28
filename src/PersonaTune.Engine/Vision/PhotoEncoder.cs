using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Vision.Convolutional;
using PersonaTune.Engine.Vision.Transformer;

namespace PersonaTune.Engine.Vision;

/// <summary>
/// A frozen picture encoder: from a picture to an embedding, a vector whose directions tell pictures apart. Immutable and thread-safe; one instance
/// serves any number of sessions and trainers. Dispose it after the last of them.
/// </summary>
public abstract class PhotoEncoder : IDisposable
{
    /// <summary>SHA-256 of the model file, lower-case hex: what an adapter's lineage names as its base.</summary>
    public abstract string Digest { get; }

    /// <summary>Family and size in words, for people.</summary>
    public abstract string Description { get; }

    /// <summary>How pictures are prepared, as in the encoder's training.</summary>
    public abstract PhotoTransform Transform { get; }

    /// <summary>Values of an embedding.</summary>
    public abstract int EmbeddingLength { get; }

    /// <summary>Number of classes of the file's own classifier; 0 where it has none.</summary>
    public abstract int ClassCount { get; }

    /// <summary>Names of the classifier's classes; empty where the file does not tell.</summary>
    public virtual IReadOnlyList<string> ClassNames => [];

    /// <summary>Layers that can carry a LoRA pair, from the input on.</summary>
    public abstract IReadOnlyList<EncoderLayer> Layers { get; }

    /// <summary>Number of blocks that <see cref="EncoderLayer.Block"/> counts.</summary>
    public int BlockCount => Layers.Count == 0 ? 1 : Layers.Max(layer => layer.Block) + 1;

    /// <summary>Whether an embedding's values are never negative.</summary>
    internal abstract bool NonNegative { get; }

    /// <summary>Bytes of memory held beside the mapped file.</summary>
    public abstract long ResidentBytes { get; }

    /// <summary>
    /// Opens a quantized TensorFlow Lite file (.tflite), a GGUF file of architecture "vit", or a Hugging Face folder of ViT or DeiT.
    /// </summary>
    /// <exception cref="FileFormatException">The file is damaged or unsupported.</exception>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static PhotoEncoder Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Directory.Exists(path)) return VisionTransformerLoader.OpenFolder(path);
        Span<byte> magic = stackalloc byte[8];
        using (var file = File.OpenHandle(path))
            if (RandomAccess.Read(file, magic, 0) < 8) throw new FileFormatException(path, "the file is too short for a model");
        if (magic[..4].SequenceEqual("GGUF"u8)) return VisionTransformerLoader.OpenGguf(path);
        if (magic[4..].SequenceEqual("TFL3"u8)) return ConvolutionalEncoder.OpenFile(path);
        throw new FileFormatException(path, "this is no picture encoder: expected a .tflite file, a GGUF file, or a folder with config.json and model.safetensors");
    }

    /// <summary>Begins computing on a pool; <paramref name="adapter"/> adapts the layers (null: the encoder as it is).</summary>
    /// <exception cref="AdapterMismatchException">The adapter belongs to another encoder.</exception>
    public PhotoSession CreateSession(WorkerPool pool, LoraAdapter? adapter = null)
    {
        ArgumentNullException.ThrowIfNull(pool);
        if (adapter is not null) Demand(adapter);
        return new PhotoSession(this, pool, adapter);
    }

    /// <summary>View <paramref name="index"/> (0 to 5) of a prepared picture: itself, mirrored where <paramref name="mirror"/> is set, and enlarged towards each corner.</summary>
    public byte[] View(byte[] prepared, int index, bool mirror)
    {
        ArgumentNullException.ThrowIfNull(prepared);
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(index, 5);
        return PhotoVariants.Make(prepared, Transform.Side, index, mirror);
    }

    /// <summary>A prepared picture (side, side, 3) mirrored.</summary>
    public static byte[] Mirror(byte[] prepared, int side) => PhotoVariants.Mirror(prepared, side);

    /// <summary>The unit vector by which embeddings are compared: square roots first where they cannot be negative.</summary>
    public float[] Direction(ReadOnlySpan<float> embedding) => PhotoFeatures.Direction(embedding, NonNegative);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases the file.</summary>
    protected abstract void Dispose(bool disposing);

    /// <summary>Demands that every pair of an adapter fits a layer.</summary>
    /// <exception cref="AdapterMismatchException">Names what differs.</exception>
    public void Demand(LoraAdapter adapter, string name = "adapter")
    {
        ArgumentNullException.ThrowIfNull(adapter);
        if (adapter.BaseDigest.Length > 0 && !string.Equals(adapter.BaseDigest, Digest, StringComparison.OrdinalIgnoreCase))
            throw new AdapterMismatchException(name,
                $"was trained on encoder {adapter.BaseDigest} but this is {Digest} (SHA-256); open the encoder that it was trained on, or train it again on this one");
        foreach (var (block, target, pair) in adapter.Pairs())
        {
            var layer = Layers.FirstOrDefault(layer => layer.Block == block && layer.Target == target)
                ?? throw new AdapterMismatchException(name, $"adapts {target} of block {block}, which is no layer of this encoder that can carry a pair");
            if (pair.Magnitude is not null) throw new AdapterMismatchException(name, "has DoRA magnitudes, which picture encoders do not run; train a LoRA adapter");
            if (pair.Inputs != layer.Inputs || pair.Outputs != layer.Outputs)
                throw new AdapterMismatchException(name, $"has a pair of shape ({pair.Outputs}, {pair.Inputs}) for layer '{layer.Name}' of ({layer.Outputs}, {layer.Inputs})");
        }
    }

    /// <summary>
    /// The computation above the frozen layers that no pair of <paramref name="adapter"/> changes, for up to <paramref name="capacity"/> pictures at once.
    /// </summary>
    internal abstract EncoderPass CreatePass(WorkerPool pool, LoraAdapter adapter, int capacity, bool training);

    /// <summary>The encoder without an adapter, at its own arithmetic.</summary>
    internal abstract FrozenPass CreateFrozenPass(WorkerPool pool);
}

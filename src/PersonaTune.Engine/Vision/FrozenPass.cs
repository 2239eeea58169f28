namespace PersonaTune.Engine.Vision;

/// <summary>An encoder as its file has it. One picture at a time; not thread-safe.</summary>
internal abstract class FrozenPass : IDisposable
{
    /// <summary>Bytes of its buffers.</summary>
    public abstract long Bytes { get; }

    /// <summary>The embedding of (side, side, 3) bytes.</summary>
    public abstract void Embed(ReadOnlySpan<byte> picture, Span<float> embedding);

    /// <summary>The classifier's probabilities; only where the encoder has classes.</summary>
    public abstract void Classify(ReadOnlySpan<byte> picture, Span<float> probabilities);

    public abstract void Dispose();
}

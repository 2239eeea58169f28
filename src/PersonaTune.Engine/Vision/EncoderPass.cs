using PersonaTune.Engine.Layers;

namespace PersonaTune.Engine.Vision;

/// <summary>
/// An encoder under adaptation, cut below its first adapted layer: what lies under the cut is frozen and computed once for a picture
/// (<see cref="Prepare"/>), what lies above is computed with the adapter's present numbers. Not thread-safe.
/// </summary>
internal abstract class EncoderPass : IDisposable
{
    /// <summary>The adapter's numbers and gradients.</summary>
    public abstract AdapterParameters Parameters { get; }

    /// <summary>Pictures that <see cref="Forward"/> takes at once.</summary>
    public abstract int Capacity { get; }

    /// <summary>Bytes of a picture's state at the cut.</summary>
    public abstract int StateLength { get; }

    /// <summary>Bytes of all buffers.</summary>
    public abstract long Bytes { get; }

    /// <summary>Computes the state at the cut from (side, side, 3) bytes.</summary>
    public abstract void Prepare(ReadOnlySpan<byte> picture, Span<byte> state);

    /// <summary>Embeddings (pictures, length) of the pictures whose states are given one after the other.</summary>
    public abstract void Forward(ReadOnlySpan<byte> states, int pictures, Span<float> embeddings);

    /// <summary>Adds the parameters' gradients for the embeddings' gradients of the last <see cref="Forward"/>.</summary>
    public abstract void Backward(ReadOnlySpan<float> gradients, int pictures);

    public abstract void Dispose();
}

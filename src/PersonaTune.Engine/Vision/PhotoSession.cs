using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;

namespace PersonaTune.Engine.Vision;

/// <summary>
/// Computes embeddings with an encoder and at most one adapter. Without an adapter a quantized encoder runs in its own 8-bit arithmetic; with one, the layers
/// above the first adapted one run in single precision on the frozen 8-bit weights. Owns its buffers; one picture at a time, not thread-safe.
/// </summary>
public sealed class PhotoSession : IDisposable
{
    private readonly PhotoEncoder _encoder;
    private readonly FrozenPass? _frozen;
    private readonly EncoderPass? _adapted;
    private readonly byte[] _state = [];

    internal PhotoSession(PhotoEncoder encoder, WorkerPool pool, LoraAdapter? adapter)
    {
        _encoder = encoder;
        if (adapter is null || !adapter.Pairs().Any())
        {
            _frozen = encoder.CreateFrozenPass(pool);
            return;
        }

        _adapted = encoder.CreatePass(pool, adapter, 1, training: false);
        _adapted.Parameters.Load(adapter);
        _state = new byte[_adapted.StateLength];
    }

    /// <summary>Bytes of the session's buffers.</summary>
    public long Bytes => (_frozen?.Bytes ?? 0) + (_adapted?.Bytes ?? 0) + _state.Length;

    /// <summary>The embedding of a picture.</summary>
    public float[] Embed(RgbImage image, PhotoFraming framing = PhotoFraming.CentreCrop) => Embed(_encoder.Transform.Apply(image, framing));

    /// <summary>The embedding of a picture that the encoder's transform has prepared: (side, side, 3) bytes.</summary>
    /// <exception cref="ArgumentException">The length is another.</exception>
    public float[] Embed(ReadOnlySpan<byte> prepared)
    {
        Demand(prepared);
        var embedding = new float[_encoder.EmbeddingLength];
        if (_frozen is not null)
        {
            _frozen.Embed(prepared, embedding);
        }
        else
        {
            _adapted!.Prepare(prepared, _state);
            _adapted.Forward(_state, 1, embedding);
        }

        return embedding;
    }

    /// <summary>Probabilities of the file's own classes, by the encoder without an adapter.</summary>
    /// <exception cref="InvalidOperationException">The file has no classifier, or the session has an adapter.</exception>
    public float[] Classify(ReadOnlySpan<byte> prepared)
    {
        Demand(prepared);
        if (_encoder.ClassCount == 0) throw new InvalidOperationException("the encoder's file has no classifier; teach labels of your own");
        if (_frozen is null) throw new InvalidOperationException("the file's classifier was made for the encoder without an adapter; create a session without one");
        var probabilities = new float[_encoder.ClassCount];
        _frozen.Classify(prepared, probabilities);
        return probabilities;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _frozen?.Dispose();
        _adapted?.Dispose();
    }

    private void Demand(ReadOnlySpan<byte> prepared)
    {
        var side = _encoder.Transform.Side;
        if (prepared.Length != side * side * 3)
            throw new ArgumentException($"the encoder takes {side} x {side} pixels of RGB ({side * side * 3} bytes), found {prepared.Length}; use its Transform", nameof(prepared));
    }
}

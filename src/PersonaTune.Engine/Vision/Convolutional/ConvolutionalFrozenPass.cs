using PersonaTune.Engine.Kernels;

namespace PersonaTune.Engine.Vision.Convolutional;

/// <summary>The whole graph in 8-bit integers.</summary>
internal sealed class ConvolutionalFrozenPass(ConvolutionalEncoder encoder, WorkerPool pool) : FrozenPass
{
    private readonly QuantizedRunner _embedder = new(encoder.Graph, encoder.Weights, pool, encoder.EmbeddingOperator + 1);
    private QuantizedRunner? _classifier;

    public override long Bytes => _embedder.Bytes + (_classifier?.Bytes ?? 0);

    public override void Embed(ReadOnlySpan<byte> picture, Span<float> embedding)
    {
        _embedder.Run(picture);
        Real(_embedder, encoder.EmbeddingTensor, embedding);
    }

    public override void Classify(ReadOnlySpan<byte> picture, Span<float> probabilities)
    {
        _classifier ??= new QuantizedRunner(encoder.Graph, encoder.Weights, pool, encoder.Graph.Operators.Count);
        _classifier.Run(picture);
        Real(_classifier, encoder.Graph.Output, probabilities);
    }

    public override void Dispose()
    {
        _embedder.Dispose();
        _classifier?.Dispose();
    }

    private void Real(QuantizedRunner runner, int index, Span<float> values)
    {
        var tensor = encoder.Graph.Tensors[index];
        var bytes = runner.Values(index);
        for (var i = 0; i < values.Length; i++) values[i] = tensor.Scale * (bytes[i] - tensor.ZeroPoint);
    }
}

using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;

namespace PersonaTune.Engine.Vision.Convolutional;

/// <summary>
/// A quantized convolutional network (MobileNet v1 and v2) from a TensorFlow Lite file. The embedding is what the last average pooling over the whole picture
/// gives; pointwise convolutions above the last spatial one can carry LoRA pairs.
/// </summary>
internal sealed class ConvolutionalEncoder : PhotoEncoder
{
    private readonly List<int> _layerOperators = [];
    private readonly EncoderLayer[] _layers;
    private readonly int _embeddingOperator;

    private ConvolutionalEncoder(QuantizedGraph graph)
    {
        Graph = graph;
        try
        {
            _embeddingOperator = FindEmbedding(graph);
            _layers = FindLayers();
            Weights = new GraphWeights(graph);
        }
        catch
        {
            graph.Dispose();
            throw;
        }

        var side = graph.Tensors[graph.Input].Shape[1];
        // The networks were evaluated on the middle 87.5 % of their pictures.
        Transform = new PhotoTransform(side, 0.875);
        EmbeddingLength = graph.Tensors[EmbeddingTensor].Count;
        ClassCount = graph.Output == EmbeddingTensor ? 0 : graph.Tensors[graph.Output].Count;
        Description = $"convolutional, 8 bits, {side} x {side}, {graph.Operators.Count} operators, embedding {EmbeddingLength}";
    }

    public override string Digest => Graph.Digest;

    public override string Description { get; }

    public override PhotoTransform Transform { get; }

    public override int EmbeddingLength { get; }

    public override int ClassCount { get; }

    public override IReadOnlyList<EncoderLayer> Layers => _layers;

    public override long ResidentBytes => Weights.Bytes;

    internal override bool NonNegative => Graph.Operators[_embeddingOperator] is var op && Graph.Tensors[op.Output].ZeroPoint <= op.Minimum;

    public QuantizedGraph Graph { get; }

    public GraphWeights Weights { get; }

    /// <summary>Number of the operator whose output is the embedding.</summary>
    public int EmbeddingOperator => _embeddingOperator;

    public int EmbeddingTensor => Graph.Operators[_embeddingOperator].Output;

    public static ConvolutionalEncoder OpenFile(string path) => new(TfliteReader.Open(path));

    public static ConvolutionalEncoder FromBytes(ReadOnlySpan<byte> bytes, string subject = "TensorFlow Lite buffer") => new(TfliteReader.FromBytes(bytes, subject));

    /// <summary>The operator of a layer.</summary>
    public int OperatorOf(int block) => _layerOperators[block];

    internal override EncoderPass CreatePass(WorkerPool pool, LoraAdapter adapter, int capacity, bool training) =>
        new ConvolutionalPass(this, pool, adapter, capacity, training);

    internal override FrozenPass CreateFrozenPass(WorkerPool pool) => new ConvolutionalFrozenPass(this, pool);

    protected override void Dispose(bool disposing)
    {
        if (!disposing) return;
        Weights.Dispose();
        Graph.Dispose();
    }

    private static int FindEmbedding(QuantizedGraph graph)
    {
        for (var i = graph.Operators.Count - 1; i >= 0; i--)
            if (graph.Operators[i].Kind == GraphOperatorKind.AveragePool && graph.Tensors[graph.Operators[i].Output].Picture is (1, 1, _)) return i;
        throw new FileFormatException(graph.Subject, "the graph has no average pooling over the whole picture, from which an embedding could be taken");
    }

    // A pair needs a linear layer, with nothing above it that only the integer kernels compute.
    private EncoderLayer[] FindLayers()
    {
        var spatial = -1;
        for (var i = 0; i <= _embeddingOperator; i++)
            if (Graph.Operators[i] is { Kind: GraphOperatorKind.Convolution, IsLinear: false } || Graph.Operators[i].Kind == GraphOperatorKind.Softmax) spatial = i;
        var layers = new List<EncoderLayer>();
        for (var i = spatial + 1; i <= _embeddingOperator; i++)
        {
            var op = Graph.Operators[i];
            if (!op.IsLinear) continue;
            var weights = Graph.Tensors[op.Weights];
            layers.Add(new EncoderLayer(layers.Count, LoraTarget.Pointwise, weights.Name, weights.Count / weights.Shape[0], weights.Shape[0]));
            _layerOperators.Add(i);
        }

        return [.. layers];
    }
}

using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Layers;
using PersonaTune.Engine.Lora;

namespace PersonaTune.Engine.Vision.Convolutional;

/// <summary>
/// A graph cut below its first adapted convolution: 8-bit integers under the cut, single precision on the dequantized weights above it, with LoRA on the
/// pointwise convolutions. Activations are clamped to the range of the file's quantized outputs but not rounded.
/// </summary>
internal sealed unsafe partial class ConvolutionalPass : EncoderPass
{
    private readonly QuantizedGraph _graph;
    private readonly WorkerPool _pool;
    private readonly QuantizedRunner? _frozen;
    private readonly Arena _arena;
    private readonly LoraLayer _lora;
    private readonly AdapterParameters _parameters;
    private readonly int _cut;
    private readonly int _end;
    private readonly bool _training;

    // By tensor: activations and gradients of all pictures, and whether a gradient is needed. By operator: layers, entries, projections A x.
    private readonly int[] _state;
    private readonly float*[] _values;
    private readonly float*[] _gradients;
    private readonly bool[] _needed;
    private readonly RealLayer?[] _layers;
    private readonly AdapterEntry?[] _entries;
    private readonly float*[] _projections;

    // The operation in progress, for the static section bodies.
    private int _operator;
    private int _pictures;

    public ConvolutionalPass(ConvolutionalEncoder encoder, WorkerPool pool, LoraAdapter adapter, int capacity, bool training)
    {
        (_graph, _pool, _training, Capacity) = (encoder.Graph, pool, training, capacity);
        _end = encoder.EmbeddingOperator + 1;
        _cut = adapter.Pairs().Min(entry => encoder.OperatorOf(entry.Block));
        _state = [.. Live(_graph, _cut, _end)];
        StateLength = _state.Sum(tensor => _graph.Tensors[tensor].Count);
        var (tensors, operators) = (_graph.Tensors.Count, _graph.Operators.Count);
        (_values, _gradients, _needed) = (new float*[tensors], new float*[tensors], new bool[tensors]);
        (_layers, _entries, _projections) = (new RealLayer?[operators], new AdapterEntry?[operators], new float*[operators]);

        using (var measure = new Arena())
        {
            Take(encoder, adapter, measure);
            _arena = new Arena(measure.Used);
        }

        (_parameters, _lora) = Take(encoder, adapter, _arena);
        _frozen = _cut == 0 ? null : new QuantizedRunner(_graph, encoder.Weights, pool, _cut);
        for (var i = _cut; i < _end; i++) _layers[i] = new RealLayer(_graph, encoder.Weights, i);
        Bytes = _arena.Used * sizeof(float) + (_frozen?.Bytes ?? 0) + _layers.Sum(layer => layer?.Bytes ?? 0);
    }

    public override AdapterParameters Parameters => _parameters;

    public override int Capacity { get; }

    public override int StateLength { get; }

    public override long Bytes { get; }

    public override void Prepare(ReadOnlySpan<byte> picture, Span<byte> state)
    {
        if (_frozen is null)
        {
            picture.CopyTo(state);
            return;
        }

        _frozen.Run(picture);
        foreach (var tensor in _state)
        {
            _frozen.Values(tensor).CopyTo(state);
            state = state[_graph.Tensors[tensor].Count..];
        }
    }

    public override void Forward(ReadOnlySpan<byte> states, int pictures, Span<float> embeddings)
    {
        if (pictures > Capacity) throw new ArgumentOutOfRangeException(nameof(pictures), pictures, $"the pass takes {Capacity} pictures at once");
        _pictures = pictures;
        for (var p = 0; p < pictures; p++)
            foreach (var index in _state)
            {
                var tensor = _graph.Tensors[index];
                var target = _values[index] + (long)p * tensor.Count;
                for (var i = 0; i < tensor.Count; i++) target[i] = tensor.Scale * (states[i] - tensor.ZeroPoint);
                states = states[tensor.Count..];
            }

        for (_operator = _cut; _operator < _end; _operator++) ForwardStep(_graph.Operators[_operator]);
        var output = _graph.Operators[_end - 1].Output;
        new ReadOnlySpan<float>(_values[output], pictures * _graph.Tensors[output].Count).CopyTo(embeddings);
    }

    public override void Backward(ReadOnlySpan<float> gradients, int pictures)
    {
        if (!_training) throw new InvalidOperationException("the pass was created without gradients");
        for (var i = 0; i < _gradients.Length; i++)
            if (_gradients[i] is not null) new Span<float>(_gradients[i], pictures * _graph.Tensors[i].Count).Clear();
        var output = _graph.Operators[_end - 1].Output;
        gradients[..(pictures * _graph.Tensors[output].Count)].CopyTo(new Span<float>(_gradients[output], pictures * _graph.Tensors[output].Count));
        for (_operator = _end - 1; _operator >= _cut; _operator--) BackwardStep(_graph.Operators[_operator]);
    }

    public override void Dispose()
    {
        _arena.Dispose();
        _frozen?.Dispose();
    }

    // Tensors that operators from the cut on read and that are there before it.
    private static IEnumerable<int> Live(QuantizedGraph graph, int cut, int end)
    {
        var made = graph.Operators.Take(cut).Select(op => op.Output).Append(graph.Input).ToHashSet();
        return graph.Operators.Take(end).Skip(cut).SelectMany(op => op.Inputs).Where(made.Contains).Distinct();
    }

    private (AdapterParameters Parameters, LoraLayer Lora) Take(ConvolutionalEncoder encoder, LoraAdapter adapter, Arena arena)
    {
        var parameters = new AdapterParameters(adapter, arena, _training);
        foreach (var tensor in _state) _values[tensor] = arena.Take((long)Capacity * _graph.Tensors[tensor].Count);
        foreach (var (block, target, _) in adapter.Pairs()) _entries[encoder.OperatorOf(block)] = parameters[block, target];
        var (rows, inputs) = (1, 1);
        for (var i = _cut; i < _end; i++)
        {
            var op = _graph.Operators[i];
            var count = (long)Capacity * _graph.Tensors[op.Output].Count;
            _values[op.Output] = arena.Take(count);
            _needed[op.Output] = _entries[i] is not null || op.Inputs.Any(input => _needed[input]);
            if (_training && _needed[op.Output]) _gradients[op.Output] = arena.Take(count);
            if (_entries[i] is not { } entry) continue;
            rows = Math.Max(rows, Capacity * Rows(op));
            inputs = Math.Max(inputs, entry.Inputs);
            _projections[i] = arena.Take((long)Capacity * Rows(op) * entry.PaddedRank);
        }

        return (parameters, new LoraLayer(_pool, arena, parameters, rows, inputs));
    }

    private int Rows(GraphOperator op) => op.Kind == GraphOperatorKind.FullyConnected ? 1
        : _graph.Tensors[op.Output].Picture is var (height, width, _) ? height * width : 1;
}

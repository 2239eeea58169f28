using PersonaTune.Engine.Kernels;

namespace PersonaTune.Engine.Vision.Convolutional;

/// <summary>
/// What the integer kernels need beside the file: packed weights of convolutions (two bytes a weight), depthwise kernels as floats, biases and
/// requantization. Made once for a graph; immutable and thread-safe.
/// </summary>
internal sealed unsafe class GraphWeights : IDisposable
{
    private readonly PairPanels?[] _panels;
    private readonly float[]?[] _taps;
    private readonly int[]?[] _biases;
    private readonly Requantization[] _requantizations;
    private readonly float[]?[] _factors;

    public GraphWeights(QuantizedGraph graph)
    {
        var count = graph.Operators.Count;
        (_panels, _taps, _biases, _requantizations, _factors) = (new PairPanels?[count], new float[]?[count], new int[]?[count], new Requantization[count], new float[]?[count]);
        try
        {
            for (var i = 0; i < count; i++) Add(graph, i);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Bytes held beside the file.</summary>
    public long Bytes => _panels.Sum(panel => panel?.Bytes ?? 0) + _taps.Sum(taps => 4L * (taps?.Length ?? 0)) + _biases.Sum(bias => 4L * (bias?.Length ?? 0)) + _factors.Sum(factors => 4L * (factors?.Length ?? 0));

    public PairPanels Panels(int op) => _panels[op]!;

    /// <summary>(kernel height x kernel width, channels) of a depthwise convolution, less the zero point.</summary>
    public float[] Taps(int op) => _taps[op]!;

    /// <summary>Biases, padded with zeros to whole panels; null for none.</summary>
    public int[]? Bias(int op) => _biases[op];

    public ref readonly Requantization Requantization(int op) => ref _requantizations[op];

    /// <summary>Requantization factors of the output channels; null where all have the same.</summary>
    public float[]? Factors(int op) => _factors[op];

    public void Dispose()
    {
        foreach (var panel in _panels) panel?.Dispose();
    }

    private void Add(QuantizedGraph graph, int i)
    {
        var op = graph.Operators[i];
        if (op.Weights < 0) return;
        var (x, w, y) = (graph.Tensors[op.Inputs[0]], graph.Tensors[op.Weights], graph.Tensors[op.Output]);
        _requantizations[i] = new Requantization(x.Scale * w.Scale / y.Scale, y.ZeroPoint, op.Minimum, op.Maximum);
        if (w.ChannelScales.Count > 0) _factors[i] = [.. w.ChannelScales.Select(scale => x.Scale * scale / y.Scale)];
        var outputs = op.Kind == GraphOperatorKind.DepthwiseConvolution ? w.Shape[3] : w.Shape[0];
        if (op.Bias >= 0)
        {
            _biases[i] = new int[(outputs + PairPanels.Width - 1) / PairPanels.Width * PairPanels.Width];
            graph.Integers(op.Bias).CopyTo(_biases[i]!, 0);
        }

        var bytes = graph.Constant(op.Weights);
        if (op.Kind == GraphOperatorKind.DepthwiseConvolution)
        {
            var taps = _taps[i] = new float[bytes.Length];
            for (var k = 0; k < taps.Length; k++) taps[k] = bytes[k] - w.ZeroPoint;
        }
        else
        {
            fixed (byte* values = bytes) _panels[i] = new PairPanels(values, outputs, w.Count / outputs, w.ZeroPoint);
        }
    }
}

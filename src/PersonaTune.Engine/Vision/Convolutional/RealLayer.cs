using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Vision.Convolutional;

/// <summary>
/// A layer of a graph in real numbers: y = clamp(Scales W' x + bias), where W' holds the file's 8-bit weights less their zero point (exact in half
/// precision) and the clamp is the range of the file's quantized output, which contains the fused activation.
/// </summary>
internal sealed unsafe class RealLayer
{
    public RealLayer(QuantizedGraph graph, GraphWeights weights, int index)
    {
        var op = graph.Operators[index];
        var (x, y) = (graph.Tensors[op.Inputs[0]], graph.Tensors[op.Output]);
        Minimum = y.Scale * (op.Minimum - y.ZeroPoint);
        Maximum = y.Scale * (op.Maximum - y.ZeroPoint);
        if (op.Weights < 0) return;
        var w = graph.Tensors[op.Weights];
        Outputs = op.Kind == GraphOperatorKind.DepthwiseConvolution ? w.Shape[3] : w.Shape[0];
        Bias = new float[Outputs];
        Scales = [.. Enumerable.Range(0, Outputs).Select(w.ScaleOf)];
        if (op.Bias >= 0)
        {
            var values = graph.Integers(op.Bias);
            for (var i = 0; i < Outputs; i++) Bias[i] = (float)((double)x.Scale * Scales[i] * values[i]);
        }

        if (op.Kind == GraphOperatorKind.DepthwiseConvolution)
        {
            Taps = [.. weights.Taps(index).Select((tap, i) => tap * Scales[i % Outputs])];
            return;
        }

        var bytes = graph.Constant(op.Weights);
        var halves = new Half[bytes.Length];
        for (var i = 0; i < halves.Length; i++) halves[i] = (Half)(bytes[i] - w.ZeroPoint);
        Weights = WeightMatrix.FromBytes(TensorType.F16, System.Runtime.InteropServices.MemoryMarshal.AsBytes<Half>(halves), Outputs, bytes.Length / Outputs);
    }

    public float Minimum { get; }

    public float Maximum { get; }

    /// <summary>The weights' scale of each output.</summary>
    public float[] Scales { get; } = [];

    public int Outputs { get; }

    public float[] Bias { get; } = [];

    /// <summary>Depthwise taps, scale included.</summary>
    public float[]? Taps { get; }

    /// <summary>(outputs, inputs) of a linear layer, scale not included.</summary>
    public WeightMatrix Weights { get; }

    public long Bytes => 4L * (Bias.Length + Scales.Length + (Taps?.Length ?? 0)) + (Weights.IsEmpty ? 0 : Weights.ByteLength);
}

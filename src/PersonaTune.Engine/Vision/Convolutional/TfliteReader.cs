using PersonaTune.Engine.Formats;

namespace PersonaTune.Engine.Vision.Convolutional;

/// <summary>
/// Reads quantized TensorFlow Lite files (schema version 3) of the MobileNet kind: uint8 tensors with one scale and zero point, or int8 tensors whose weights may
/// have a scale for each output channel; the operators of <see cref="GraphOperatorKind"/>. Field numbers are those of TensorFlow's schema.fbs. Every size, shape and index is checked before it is used.
/// </summary>
internal sealed partial class TfliteReader
{
    private const int MaxTensors = 4_096;
    private const int MaxOperators = 4_096;
    private const int MaxBuffers = 16_384;
    private const int MaxFactor = 65_536;
    private const int MaxSide = 16_384;
    private const int MaxElements = 1 << 28;
    private const long MaxActivations = 1L << 29;

    private readonly MappedMemory _memory;
    private readonly FlatBufferReader _file;
    private readonly List<GraphTensor> _tensors = [];
    private readonly HashSet<int> _computed = [];

    private TfliteReader(MappedMemory memory) => (_memory, _file) = (memory, new FlatBufferReader(memory));

    /// <exception cref="FileFormatException">The file is damaged or uses what this reader does not know.</exception>
    public static QuantizedGraph Open(string path) => Create(MappedMemory.Open(path));

    /// <exception cref="FileFormatException">The bytes are damaged or use what this reader does not know.</exception>
    public static QuantizedGraph FromBytes(ReadOnlySpan<byte> bytes, string subject) => Create(MappedMemory.Copy(subject, bytes));

    private static QuantizedGraph Create(MappedMemory memory)
    {
        try
        {
            return new TfliteReader(memory).Read();
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    private QuantizedGraph Read()
    {
        var model = _file.Root("TFL3");
        var version = _file.UInt32(model, 0, 0);
        if (version != 3) throw _file.Error($"TensorFlow Lite schema version {version} is not supported (3 is)");
        var codes = Array.ConvertAll(_file.Tables(model, 1, "operator codes", MaxOperators), Code);
        var graphs = _file.Tables(model, 2, "graphs", 64);
        if (graphs.Length != 1) throw _file.Error($"expected one graph, found {graphs.Length}");
        var buffers = _file.Tables(model, 4, "buffers", MaxBuffers);
        foreach (var tensor in _file.Tables(graphs[0], 0, "tensors", MaxTensors)) _tensors.Add(Tensor(tensor, buffers));

        var inputs = _file.Int32s(graphs[0], 1, "graph inputs", MaxTensors);
        var outputs = _file.Int32s(graphs[0], 2, "graph outputs", MaxTensors);
        if (inputs.Length != 1 || outputs.Length != 1) throw _file.Error($"expected one input and one output, found {inputs.Length} and {outputs.Length}");
        var input = Quantized(Index(inputs[0], "graph input"), "graph input");
        if (input.Shape is not [1, var height, var width, 3] || height != width || input.IsConstant)
            throw _file.Error($"the input must be one square picture [1, side, side, 3], found [{string.Join(", ", input.Shape)}]");
        _computed.Add(inputs[0]);

        var operators = new List<GraphOperator>();
        foreach (var entry in _file.Tables(graphs[0], 3, "operators", MaxOperators)) operators.Add(Operator(entry, codes, operators.Count));
        Index(outputs[0], "graph output");
        if (operators.Count == 0 || !_computed.Contains(outputs[0]) || outputs[0] == inputs[0]) throw _file.Error("no operator computes the graph's output");
        var activations = _computed.Sum(index => (long)_tensors[index].Count);
        if (activations > MaxActivations) throw _file.Error($"the graph computes {activations} values for a picture; at most {MaxActivations} are supported");
        return new QuantizedGraph(_memory, _tensors, operators, inputs[0], outputs[0]);
    }

    // The old field is a byte, the new one wider; the greater of both is meant.
    private int Code(long table) => Math.Max((sbyte)_file.Byte(table, 0, 0), _file.Int32(table, 3, 0));

    private GraphTensor Tensor(long table, long[] buffers)
    {
        var name = _file.Text(table, 3, "tensor name", 1024);
        var shape = _file.Int32s(table, 0, $"shape of tensor '{name}'", 8);
        long count = 1;
        foreach (var side in shape)
        {
            if (side is < 1 or > MaxElements) throw _file.Error($"tensor '{name}' has a side of {side}");
            count = checked(count * side);
            if (count > MaxElements) throw _file.Error($"tensor '{name}' of shape [{string.Join(", ", shape)}] has more than {MaxElements} elements");
        }

        var type = _file.Byte(table, 1, 0);
        GraphElement element = type switch
        {
            3 => GraphElement.UInt8,
            9 => GraphElement.Int8,
            2 => GraphElement.Int32,
            _ => throw _file.Error($"tensor '{name}' has element type {TypeName(type)}; files quantized to uint8 or int8 are read (with int32 biases)"),
        };
        var (scales, zero, dimension) = Quantization(table, name, element, shape);
        var buffer = _file.UInt32(table, 2, 0);
        if (buffer >= buffers.Length) throw _file.Error($"tensor '{name}' names buffer {buffer} of {buffers.Length}");
        var (at, length) = _file.Bytes(buffers[buffer], 0, $"data of tensor '{name}'");
        var tensor = new GraphTensor(name, shape, element, scales.Length == 0 ? 0f : scales[0], zero, -1) { ChannelScales = scales.Length > 1 ? scales : [], ChannelDimension = dimension };
        if (length == 0) return tensor;
        var expected = count * (element == GraphElement.Int32 ? 4 : 1);
        return length == expected
            ? tensor with { DataOffset = at }
            : throw _file.Error($"tensor '{name}' of shape [{string.Join(", ", shape)}] needs {expected} bytes of data, found {length}");
    }

    // One scale, or of int8 weights and their biases one for each place of the dimension that the file names.
    private (float[] Scales, int ZeroPoint, int Dimension) Quantization(long table, string name, GraphElement element, int[] shape)
    {
        var quantization = _file.Child(table, 4, $"quantization of tensor '{name}'");
        if (quantization == 0) return ([], 0, 0);
        var scales = _file.Singles(quantization, 2, $"scales of tensor '{name}'", 1 << 16);
        var zeros = _file.Int64s(quantization, 3, $"zero points of tensor '{name}'", 1 << 16);
        if (scales.Length == 0 && zeros.Length == 0) return ([], 0, 0);
        var dimension = _file.Int32(quantization, 6, 0);
        if (scales.Length > 1)
        {
            if (element == GraphElement.UInt8) throw _file.Error($"tensor '{name}' has {scales.Length} scales and {zeros.Length} zero points; one of each is supported for uint8");
            if (dimension < 0 || dimension >= shape.Length) throw _file.Error($"tensor '{name}' has scales for dimension {dimension}, but its shape is [{string.Join(", ", shape)}]");
        }

        if (scales.Length != 1 && (scales.Length == 0 || scales.Length != shape[dimension]))
            throw _file.Error($"tensor '{name}' has {scales.Length} scales; one, or one for each of the {(dimension >= 0 && dimension < shape.Length ? shape[dimension] : 0)} places of dimension {dimension} is expected");
        if (zeros.Length > 1 && zeros.Length != scales.Length) throw _file.Error($"tensor '{name}' has {zeros.Length} zero points for {scales.Length} scales");
        foreach (var scale in scales)
            if (!(scale > 1e-30f && scale < 1e30f)) throw _file.Error($"tensor '{name}' has the scale {scale}; a positive finite one is expected");
        var zero = zeros.Length == 0 ? 0 : zeros[0];
        if (scales.Length > 1 && zeros.Any(point => point != 0)) throw _file.Error($"tensor '{name}' has a scale for each channel and a zero point other than 0; TensorFlow Lite's int8 weights have none");
        var (least, greatest) = element switch { GraphElement.UInt8 => (0, 255), GraphElement.Int8 => (-128, 127), _ => (0, 0) };
        if (zero < least || zero > greatest) throw _file.Error($"tensor '{name}' has the zero point {zero}; {least} to {greatest} is expected");
        return (scales, (int)zero + (element == GraphElement.Int8 ? 128 : 0), dimension);
    }

    private int Index(int index, string what) => index >= 0 && index < _tensors.Count ? index : throw _file.Error($"the {what} is tensor {index} of {_tensors.Count}");

    private GraphTensor Quantized(int index, string what)
    {
        var tensor = _tensors[index];
        if (tensor.Element == GraphElement.Int32 || !(tensor.Scale > 0))
            throw _file.Error($"the {what} '{tensor.Name}' must be uint8 or int8 with a scale; is this a float model? Convert it with full integer quantization");
        return tensor.ChannelScales.Count == 0 ? tensor : throw _file.Error($"the {what} '{tensor.Name}' has {tensor.ChannelScales.Count} scales; only weights may have more than one");
    }

    // Weights whose scales, where they are several, are those of the outputs; int8 weights have no zero point.
    private GraphTensor Weights(int[] inputs, int number, int rank, int outputDimension, GraphTensor x, GraphTensor y)
    {
        var w = Constant(inputs, 1, number, rank);
        if (w.ChannelScales.Count == 0) Quantized(inputs[1], $"weights of operator {number}");
        else if (w.ChannelDimension != outputDimension) throw _file.Error($"the weights '{w.Name}' of operator {number} have scales for dimension {w.ChannelDimension}; those of their outputs (dimension {outputDimension}) are expected");
        if (w.Element != x.Element) throw _file.Error($"the weights '{w.Name}' of operator {number} are {w.Element}, its input is {x.Element}; one type is supported");
        if (w.Element == GraphElement.Int8 && w.ZeroPoint != 128) throw _file.Error($"the weights '{w.Name}' of operator {number} have the zero point {w.ZeroPoint - 128}; int8 weights must have 0");
        for (var channel = 0; channel < Math.Max(1, w.ChannelScales.Count); channel++)
            if (x.Scale * w.ScaleOf(channel) / y.Scale is var factor && !(factor > 0 && factor < MaxFactor))
                throw _file.Error($"operator {number} leads from scales {x.Scale} and {w.ScaleOf(channel)} to {y.Scale}, a ratio of {factor}; above 0 and below {MaxFactor} is supported");
        return w;
    }

    private static string TypeName(int type) => type switch
    {
        0 => "float32",
        1 => "float16",
        4 => "int64",
        7 => "int16",
        _ => $"number {type}",
    };
}

using System.Runtime.InteropServices;
using PersonaTune.Engine.Formats;

namespace PersonaTune.Engine.Tests.Vision;

/// <summary>
/// Small quantized networks of our own as TensorFlow Lite files: a 3 x 3 convolution, depthwise and pointwise convolutions, a residual addition, average
/// pooling and a classifier, with random weights from a seed.
/// </summary>
internal sealed class TinyTflite
{
    private readonly Random _random;
    private readonly List<FlatBufferNode> _tensors = [];
    private readonly List<FlatBufferNode> _buffers = [FlatBufferNode.Table()];
    private readonly List<FlatBufferNode> _operators = [];
    private readonly List<int> _codes = [];

    private TinyTflite(int seed) => _random = new Random(seed);

    /// <summary>A network for pictures of <paramref name="side"/> pixels; channels are odd so that no kernel fills its registers.</summary>
    public static byte[] Create(int seed = 5, int side = 12, bool classifier = true)
    {
        var t = new TinyTflite(seed);
        var input = t.Activation([1, side, side, 3], 1f / 128, 128);
        var half = (side + 1) / 2;
        var x = t.Convolve(input, [1, half, half, 6], 3, 2, depthwise: false, channels: 3);
        var y = t.Convolve(x, [1, half, half, 6], 3, 1, depthwise: true, channels: 6);
        y = t.Convolve(y, [1, half, half, 6], 1, 1, depthwise: false, channels: 6, activation: 0);
        y = t.Add(x, y, [1, half, half, 6]);
        y = t.Convolve(y, [1, half, half, 9], 1, 1, depthwise: false, channels: 6);
        y = t.Convolve(y, [1, (half + 1) / 2, (half + 1) / 2, 9], 3, 2, depthwise: true, channels: 9);
        y = t.Convolve(y, [1, (half + 1) / 2, (half + 1) / 2, 11], 1, 1, depthwise: false, channels: 9);
        y = t.Pool(y, (half + 1) / 2, 11);
        if (classifier)
        {
            y = t.FullyConnected(y, 11, 5);
            y = t.Softmax(y, 5);
        }

        return t.Finish(input, y);
    }

    private static FlatBufferNode Integers(params int[] values) => FlatBufferNode.Vector(MemoryMarshal.AsBytes<int>(values).ToArray(), 4);

    private int Tensor(int[] shape, int type, float scale, int zero, int buffer)
    {
        var quantization = FlatBufferNode.Table()
            .Set(2, FlatBufferNode.Vector(MemoryMarshal.AsBytes<float>(new[] { scale }).ToArray(), 4))
            .Set(3, FlatBufferNode.Vector(MemoryMarshal.AsBytes<long>(new[] { (long)zero }).ToArray(), 8));
        _tensors.Add(FlatBufferNode.Table().Set(0, Integers(shape)).Set(1, type, 1).Set(2, buffer, 4).Set(3, FlatBufferNode.Text($"tensor {_tensors.Count}")).Set(4, quantization));
        return _tensors.Count - 1;
    }

    private int Activation(int[] shape, float scale, int zero) => Tensor(shape, 3, scale, zero, 0);

    private int Buffer(byte[] data)
    {
        _buffers.Add(FlatBufferNode.Table().Set(0, FlatBufferNode.Vector(data, 1, 16)));
        return _buffers.Count - 1;
    }

    private int Constant(int[] shape, float scale)
    {
        var data = new byte[shape.Aggregate(1, (a, b) => a * b)];
        _random.NextBytes(data);
        return Tensor(shape, 3, scale, 120, Buffer(data));
    }

    private int Bias(int count, float scale) =>
        Tensor([count], 2, scale, 0, Buffer(MemoryMarshal.AsBytes<int>(Enumerable.Range(0, count).Select(_ => _random.Next(-2000, 2000)).ToArray()).ToArray()));

    private int Convolve(int x, int[] shape, int kernel, int stride, bool depthwise, int channels, int activation = 3)
    {
        var w = Constant(depthwise ? [1, kernel, kernel, channels] : [shape[3], kernel, kernel, channels], 0.004f);
        var y = Activation(shape, activation == 3 ? 6f / 255 : 8f / 255, activation == 3 ? 0 : 128);
        var options = FlatBufferNode.Table().Set(0, 0, 1).Set(1, stride, 4).Set(2, stride, 4);
        if (depthwise) options.Set(3, 1, 4).Set(4, activation, 1);
        else options.Set(3, activation, 1);
        Operator(depthwise ? 4 : 3, [x, w, Bias(shape[3], 0.0001f)], y, options);
        return y;
    }

    private int Add(int left, int right, int[] shape)
    {
        var y = Activation(shape, 10f / 255, 100);
        Operator(0, [left, right], y, FlatBufferNode.Table());
        return y;
    }

    private int Pool(int x, int side, int channels)
    {
        var y = Activation([1, 1, 1, channels], 6f / 255, 0);
        Operator(1, [x], y, FlatBufferNode.Table().Set(0, 1, 1).Set(1, 1, 4).Set(2, 1, 4).Set(3, side, 4).Set(4, side, 4));
        return y;
    }

    private int FullyConnected(int x, int inputs, int outputs)
    {
        var w = Constant([outputs, inputs], 0.02f);
        var y = Activation([1, outputs], 0.1f, 128);
        Operator(9, [x, w, Bias(outputs, 0.0005f)], y, FlatBufferNode.Table());
        return y;
    }

    private int Softmax(int x, int count)
    {
        var y = Activation([1, count], 1f / 256, 0);
        Operator(25, [x], y, FlatBufferNode.Table().Set(0, BitConverter.SingleToInt32Bits(1f), 4));
        return y;
    }

    private void Operator(int code, int[] inputs, int output, FlatBufferNode options)
    {
        var index = _codes.IndexOf(code);
        if (index < 0)
        {
            index = _codes.Count;
            _codes.Add(code);
        }

        // Field 3 says which kind of options follows; this reader goes by the code.
        _operators.Add(FlatBufferNode.Table().Set(0, index, 4).Set(1, Integers(inputs)).Set(2, Integers(output)).Set(3, Kind(code), 1).Set(4, options));
    }

    private static int Kind(int code) => code switch { 0 => 11, 1 => 5, 3 => 1, 4 => 2, 9 => 8, _ => 9 };

    private byte[] Finish(int input, int output)
    {
        var graph = FlatBufferNode.Table().Set(0, FlatBufferNode.Vector(_tensors)).Set(1, Integers(input)).Set(2, Integers(output)).Set(3, FlatBufferNode.Vector(_operators));
        var codes = _codes.Select(code => FlatBufferNode.Table().Set(0, code, 1).Set(2, 1, 4).Set(3, code, 4)).ToArray();
        var model = FlatBufferNode.Table().Set(0, 3, 4).Set(1, FlatBufferNode.Vector(codes)).Set(2, FlatBufferNode.Vector([graph])).Set(3, FlatBufferNode.Text("tiny"))
            .Set(4, FlatBufferNode.Vector(_buffers));
        return FlatBufferWriter.Write(model, "TFL3");
    }
}

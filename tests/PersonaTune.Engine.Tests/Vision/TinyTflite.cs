using System.Runtime.InteropServices;
using PersonaTune.Engine.Formats;

namespace PersonaTune.Engine.Tests.Vision;

/// <summary>
/// Small quantized networks of our own as TensorFlow Lite files: a 3 x 3 convolution, depthwise and pointwise convolutions, a residual addition, average
/// pooling and a classifier, with random weights from a seed. The int8 networks have a scale for each output channel, symmetric weights, and what converters put around them:
/// a uint8 input and output with QUANTIZE, PAD before a convolution without padding, and MEAN in place of a pooling.
/// </summary>
internal sealed class TinyTflite
{
    private readonly Random _random;
    private readonly List<FlatBufferNode> _tensors = [];
    private readonly List<FlatBufferNode> _buffers = [FlatBufferNode.Table()];
    private readonly List<FlatBufferNode> _operators = [];
    private readonly List<int> _codes = [];

    private readonly bool _signed;
    private readonly bool _channels;
    private readonly List<float[]> _scales = [];
    private (string What, float Value) _hostile = (string.Empty, 0);

    private TinyTflite(int seed, bool signed = false, bool channels = false) => (_random, _signed, _channels) = (new Random(seed), signed, channels);

    /// <summary>An int8 network; <paramref name="wrapped"/> gives it a uint8 input and output, <paramref name="mean"/> a MEAN, and <paramref name="channels"/> a scale for each output channel.</summary>
    public static byte[] CreateSigned(int seed = 5, int side = 12, bool channels = true, bool wrapped = false, bool mean = false)
    {
        var t = new TinyTflite(seed, signed: true, channels);
        var input = wrapped ? t.Tensor([1, side, side, 3], 3, 1f / 128, 128, 0) : t.Activation([1, side, side, 3], 1f / 128, 128);
        var first = wrapped ? t.Quantize(input, [1, side, side, 3], 9, 1f / 128, 0) : input;
        var half = (side + 1) / 2;
        // What Keras writes for a stride of 2: a border below and to the right, and no padding.
        var x = mean ? t.Convolve(t.Pad(first, [1, side + 1, side + 1, 3], [0, 0, 0, 1, 0, 1, 0, 0]), [1, side / 2, side / 2, 6], 3, 2, depthwise: false, channels: 3, valid: true)
            : t.Convolve(first, [1, half, half, 6], 3, 2, depthwise: false, channels: 3);
        if (mean) half = side / 2;
        var y = t.Convolve(x, [1, half, half, 6], 3, 1, depthwise: true, channels: 6);
        y = t.Convolve(y, [1, half, half, 6], 1, 1, depthwise: false, channels: 6, activation: 0);
        y = t.Add(x, y, [1, half, half, 6]);
        y = t.Convolve(y, [1, half, half, 9], 1, 1, depthwise: false, channels: 6);
        y = t.Convolve(y, [1, (half + 1) / 2, (half + 1) / 2, 9], 3, 2, depthwise: true, channels: 9);
        y = t.Convolve(y, [1, (half + 1) / 2, (half + 1) / 2, 11], 1, 1, depthwise: false, channels: 9, activation: mean && !wrapped ? 0 : 3);
        y = mean ? t.Mean(y, 11) : t.Pool(y, (half + 1) / 2, 11);
        y = t.Softmax(t.FullyConnected(y, 11, 5), 5);
        return t.Finish(input, wrapped ? t.Quantize(y, [1, 5], 3, 1f / 256, 0) : y);
    }

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

    /// <summary>An int8 network with one thing wrong in the first convolution's weights, or in the first activation ("activation").</summary>
    public static byte[] CreateHostile(string what, float value) => new TinyTflite(5, signed: true, channels: true) { _hostile = (what, value) }.Hostile();

    private byte[] Hostile()
    {
        var input = Activation([1, 12, 12, 3], 1f / 128, _hostile.What == "activation" ? 256 : 128);
        return Finish(input, Pool(Convolve(input, [1, 6, 6, 6], 3, 2, depthwise: false, channels: 3), 6, 6));
    }

    /// <summary>Pointwise, border, depthwise without padding, pointwise, average: a border between layers that carry pairs.</summary>
    public static byte[] CreatePadded()
    {
        var t = new TinyTflite(31, signed: true, channels: true);
        var input = t.Activation([1, 16, 16, 3], 1f / 128, 128);
        var x = t.Convolve(input, [1, 16, 16, 6], 1, 1, depthwise: false, channels: 3);
        x = t.Pad(x, [1, 17, 18, 6], [0, 0, 0, 1, 1, 1, 0, 0], 6f / 255, 0);
        x = t.Convolve(x, [1, 8, 8, 6], 3, 2, depthwise: true, channels: 6, valid: true);
        x = t.Convolve(x, [1, 8, 8, 11], 1, 1, depthwise: false, channels: 6);
        return t.Finish(input, t.Pool(x, 8, 11));
    }

    private static FlatBufferNode Integers(params int[] values) => FlatBufferNode.Vector(MemoryMarshal.AsBytes<int>(values).ToArray(), 4);

    private int Tensor(int[] shape, int type, float scale, int zero, int buffer, int dimension = -1, float[]? fixedScales = null)
    {
        var count = dimension < 0 ? 1 : shape[dimension];
        float[] scales = [.. Enumerable.Range(0, count).Select(_ => dimension < 0 ? scale : scale * (0.5f + (float)_random.NextDouble()))];
        var (what, value) = dimension >= 0 ? _hostile : (string.Empty, 0);
        if (what == "scale") scales[^1] = value;
        if (what == "count") scales = scales[1..];
        if (what == "other") scales = scales[..3];
        if (what == "weights") (scales, type, dimension) = ([scale], (int)value, -1);
        if (what is "dimension" or "other") dimension = what == "other" ? 1 : (int)value;
        scales = fixedScales ?? scales;
        count = scales.Length;
        _scales.Add(scales);
        var quantization = FlatBufferNode.Table()
            .Set(2, FlatBufferNode.Vector(MemoryMarshal.AsBytes<float>(scales).ToArray(), 4))
            .Set(3, FlatBufferNode.Vector(MemoryMarshal.AsBytes<long>(Enumerable.Repeat((long)zero + (what == "zero" ? (long)value : 0), count).ToArray()).ToArray(), 8));
        if (dimension is not (0 or -1) || what == "dimension") quantization.Set(6, dimension, 4);
        _tensors.Add(FlatBufferNode.Table().Set(0, Integers(shape)).Set(1, type, 1).Set(2, buffer, 4).Set(3, FlatBufferNode.Text($"tensor {_tensors.Count}")).Set(4, quantization));
        return _tensors.Count - 1;
    }

    private int Activation(int[] shape, float scale, int zero) => Tensor(shape, _signed ? 9 : 3, scale, _signed ? zero - 128 : zero, 0);

    private int Buffer(byte[] data)
    {
        _buffers.Add(FlatBufferNode.Table().Set(0, FlatBufferNode.Vector(data, 1, 16)));
        return _buffers.Count - 1;
    }

    private int Constant(int[] shape, float scale, int outputDimension)
    {
        var data = new byte[shape.Aggregate(1, (a, b) => a * b)];
        _random.NextBytes(data);
        if (!_signed) return Tensor(shape, 3, scale, 120, Buffer(data));
        // Symmetric weights end at -127.
        for (var i = 0; i < data.Length; i++) data[i] = data[i] == 0x80 ? (byte)0x81 : data[i];
        return Tensor(shape, 9, scale, 0, Buffer(data), _channels ? outputDimension : -1);
    }

    // A bias has the product of its input's and its weights' scales: TensorFlow Lite's delegate takes no other kind for channels.
    private int Bias(int count, float scale, int x, int w) =>
        Tensor([count], 2, scale, 0, fixedScales: _channels && _scales[w].Length == count ? [.. _scales[w].Select(weight => _scales[x][0] * weight)] : null, buffer: Buffer(MemoryMarshal.AsBytes<int>(Enumerable.Range(0, count).Select(_ => _random.Next(-2000, 2000)).ToArray()).ToArray()));

    private int Convolve(int x, int[] shape, int kernel, int stride, bool depthwise, int channels, int activation = 3, bool valid = false)
    {
        var w = Constant(depthwise ? [1, kernel, kernel, channels] : [shape[3], kernel, kernel, channels], 0.004f, depthwise ? 3 : 0);
        var y = Activation(shape, activation == 3 ? 6f / 255 : 8f / 255, activation == 3 ? 0 : 128);
        var options = FlatBufferNode.Table().Set(0, valid ? 1 : 0, 1).Set(1, stride, 4).Set(2, stride, 4);
        if (depthwise) options.Set(3, 1, 4).Set(4, activation, 1);
        else options.Set(3, activation, 1);
        Operator(depthwise ? 4 : 3, [x, w, Bias(shape[3], 0.0001f, x, w)], y, options);
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
        var w = Constant([outputs, inputs], 0.02f, 0);
        var y = Activation([1, outputs], 0.1f, 128);
        Operator(9, [x, w, Bias(outputs, 0.0005f, x, w)], y, FlatBufferNode.Table());
        return y;
    }

    private int Pad(int x, int[] shape, int[] borders, float scale = 1f / 128, int zero = 128)
    {
        var y = Activation(shape, scale, zero);
        Operator(34, [x, Tensor([4, 2], 2, 1f, 0, Buffer(MemoryMarshal.AsBytes<int>(borders).ToArray()))], y, FlatBufferNode.Table());
        return y;
    }

    private int Mean(int x, int channels)
    {
        var y = Activation([1, channels], 3.9f / 255, 120);
        Operator(40, [x, Tensor([2], 2, 1f, 0, Buffer(MemoryMarshal.AsBytes<int>(new[] { 1, 2 }).ToArray()))], y, FlatBufferNode.Table());
        return y;
    }

    private int Quantize(int x, int[] shape, int type, float scale, int zero)
    {
        var y = Tensor(shape, type, scale, zero, 0);
        Operator(114, [x], y, FlatBufferNode.Table());
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

    private static int Kind(int code) => code switch { 0 => 11, 1 => 5, 3 => 1, 4 => 2, 9 => 8, 34 => 22, 40 => 27, 114 => 89, _ => 9 };

    private byte[] Finish(int input, int output)
    {
        var graph = FlatBufferNode.Table().Set(0, FlatBufferNode.Vector(_tensors)).Set(1, Integers(input)).Set(2, Integers(output)).Set(3, FlatBufferNode.Vector(_operators));
        var codes = _codes.Select(code => FlatBufferNode.Table().Set(0, code, 1).Set(2, 1, 4).Set(3, code, 4)).ToArray();
        var model = FlatBufferNode.Table().Set(0, 3, 4).Set(1, FlatBufferNode.Vector(codes)).Set(2, FlatBufferNode.Vector([graph])).Set(3, FlatBufferNode.Text("tiny"))
            .Set(4, FlatBufferNode.Vector(_buffers));
        return FlatBufferWriter.Write(model, "TFL3");
    }
}

namespace PersonaTune.Engine.Vision.Convolutional;

/// <summary>The operators: their options, and the shapes that must follow from them.</summary>
internal sealed partial class TfliteReader
{
    private const int Same = 0;

    private GraphOperator Operator(long table, int[] codes, int number)
    {
        var code = _file.UInt32(table, 0, 0);
        if (code >= codes.Length) throw _file.Error($"operator {number} names code {code} of {codes.Length}");
        var inputs = _file.Int32s(table, 1, $"inputs of operator {number}", 16);
        var outputs = _file.Int32s(table, 2, $"outputs of operator {number}", 16);
        if (outputs.Length != 1) throw _file.Error($"operator {number} has {outputs.Length} outputs, expected 1");
        var options = _file.Child(table, 4, $"options of operator {number}");
        var output = Index(outputs[0], $"output of operator {number}");
        if (_tensors[output].IsConstant || _computed.Contains(output)) throw _file.Error($"operator {number} writes tensor '{_tensors[output].Name}', which has a value already");
        Quantized(output, $"output of operator {number}");
        var result = codes[code] switch
        {
            0 => Add(options, inputs, output, number),
            1 => Pool(options, inputs, output, number),
            3 => Convolution(options, inputs, output, number, depthwise: false),
            4 => Convolution(options, inputs, output, number, depthwise: true),
            9 => FullyConnected(options, inputs, output, number),
            22 or 43 => Reshape(inputs, output, number),
            25 => Softmax(options, inputs, output, number),
            34 => Pad(inputs, output, number),
            40 => Mean(inputs, output, number),
            114 => Quantize(inputs, output, number),
            var other => throw _file.Error($"operator {number} has the code {other}; add (0), average pooling (1), convolution (3), depthwise convolution (4), "
                + "fully connected (9), reshape (22), softmax (25), padding (34), mean (40), squeeze (43) and quantize (114) are supported"),
        };
        foreach (var input in result.Inputs)
            if (codes[code] != 114 && _tensors[input].Element != _tensors[output].Element)
                throw _file.Error($"operator {number} leads from {_tensors[input].Element} to {_tensors[output].Element}; one type is supported");
        _computed.Add(output);
        return result;
    }

    private GraphTensor Computed(int[] inputs, int position, int number)
    {
        if (position >= inputs.Length) throw _file.Error($"operator {number} has {inputs.Length} inputs");
        var index = Index(inputs[position], $"input {position} of operator {number}");
        return _computed.Contains(index)
            ? Quantized(index, $"input {position} of operator {number}")
            : throw _file.Error($"operator {number} reads tensor '{_tensors[index].Name}' before anything computes it");
    }

    private GraphTensor Constant(int[] inputs, int position, int number, int rank)
    {
        if (position >= inputs.Length) throw _file.Error($"operator {number} has {inputs.Length} inputs");
        var index = Index(inputs[position], $"input {position} of operator {number}");
        var tensor = _tensors[index];
        if (!tensor.IsConstant || tensor.Shape.Count != rank)
            throw _file.Error($"input {position} of operator {number} must be a constant of {rank} dimensions, found [{string.Join(", ", tensor.Shape)}]");
        return tensor;
    }

    private int Bias(int[] inputs, int outputs, int number)
    {
        if (inputs.Length < 3 || inputs[2] < 0) return -1;
        var bias = Constant(inputs, 2, number, 1);
        if (bias.Element != GraphElement.Int32 || bias.Count != outputs) throw _file.Error($"the bias of operator {number} must be {outputs} int32 values, found {bias.Count}");
        return inputs[2];
    }

    private GraphOperator Convolution(long options, int[] inputs, int output, int number, bool depthwise)
    {
        if (options == 0) throw _file.Error($"operator {number} has no options");
        var x = Computed(inputs, 0, number);
        var w = Weights(inputs, number, 4, depthwise ? 3 : 0, x, _tensors[output]);
        var (height, width, channels) = Image(x, number);
        var (rows, columns, outputs) = Image(_tensors[output], number);
        var (strideWidth, strideHeight) = (_file.Int32(options, 1, 0), _file.Int32(options, 2, 0));
        var dilation = depthwise ? (_file.Int32(options, 5, 1), _file.Int32(options, 6, 1)) : (_file.Int32(options, 4, 1), _file.Int32(options, 5, 1));
        if (dilation != (1, 1)) throw _file.Error($"operator {number} has dilation {dilation}; only 1 is supported");
        var (first, kernelHeight, kernelWidth, last) = (w.Shape[0], w.Shape[1], w.Shape[2], w.Shape[3]);
        if (depthwise ? first != 1 || last != outputs || outputs != channels : first != outputs || last != channels)
            throw _file.Error($"the weights [{string.Join(", ", w.Shape)}] of operator {number} do not lead from {channels} to {outputs} channels"
                + (depthwise ? " (a depthwise convolution has one output for each channel here)" : string.Empty));
        var (top, left) = Padding(_file.Byte(options, 0, 0), (height, width), (kernelHeight, kernelWidth), (strideHeight, strideWidth), (rows, columns), number);
        // Sums of products of 9-bit numbers must stay within 31 bits, and those of a depthwise convolution within a float's 24.
        var terms = (long)kernelHeight * kernelWidth * (depthwise ? 1 : channels);
        if (terms > (depthwise ? 256 : 16_384)) throw _file.Error($"operator {number} sums {terms} products for an output; at most {(depthwise ? 256 : 16_384)} are supported");
        var (minimum, maximum) = Activation(_file.Byte(options, depthwise ? 4 : 3, 0), _tensors[output], number);
        return new GraphOperator(depthwise ? GraphOperatorKind.DepthwiseConvolution : GraphOperatorKind.Convolution, [inputs[0]], output, inputs[1], Bias(inputs, outputs, number))
        {
            StrideHeight = strideHeight,
            StrideWidth = strideWidth,
            KernelHeight = kernelHeight,
            KernelWidth = kernelWidth,
            PadTop = top,
            PadLeft = left,
            Minimum = minimum,
            Maximum = maximum,
        };
    }

    private GraphOperator Pool(long options, int[] inputs, int output, int number)
    {
        if (options == 0) throw _file.Error($"operator {number} has no options");
        var x = Computed(inputs, 0, number);
        var (height, width, channels) = Image(x, number);
        var (rows, columns, outputs) = Image(_tensors[output], number);
        if (channels != outputs) throw _file.Error($"operator {number} pools {channels} channels into {outputs}");
        if (x.Scale != _tensors[output].Scale || x.ZeroPoint != _tensors[output].ZeroPoint)
            throw _file.Error($"operator {number} must keep scale and zero point of its input");
        var stride = (Height: _file.Int32(options, 2, 0), Width: _file.Int32(options, 1, 0));
        var kernel = (Height: _file.Int32(options, 4, 0), Width: _file.Int32(options, 3, 0));
        if (kernel.Height is < 1 or > MaxSide || kernel.Width is < 1 or > MaxSide) throw _file.Error($"operator {number} pools over {kernel.Height} x {kernel.Width} pixels");
        var (top, left) = Padding(_file.Byte(options, 0, 0), (height, width), kernel, stride, (rows, columns), number);
        var (minimum, maximum) = Activation(_file.Byte(options, 5, 0), _tensors[output], number);
        return new GraphOperator(GraphOperatorKind.AveragePool, [inputs[0]], output, -1, -1)
        {
            StrideHeight = stride.Height,
            StrideWidth = stride.Width,
            KernelHeight = kernel.Height,
            KernelWidth = kernel.Width,
            PadTop = top,
            PadLeft = left,
            Minimum = minimum,
            Maximum = maximum,
        };
    }

    private GraphOperator FullyConnected(long options, int[] inputs, int output, int number)
    {
        var x = Computed(inputs, 0, number);
        var w = Weights(inputs, number, 2, 0, x, _tensors[output]);
        if (x.Count != w.Shape[1] || _tensors[output].Count != w.Shape[0] || w.Shape[1] > 16_384)
            throw _file.Error($"the weights [{string.Join(", ", w.Shape)}] of operator {number} do not lead from {x.Count} to {_tensors[output].Count} values (at most 16,384)");
        if (options != 0 && _file.Byte(options, 1, 0) != 0) throw _file.Error($"operator {number} has shuffled weights, which are not supported");
        var (minimum, maximum) = Activation(options == 0 ? 0 : _file.Byte(options, 0, 0), _tensors[output], number);
        return new GraphOperator(GraphOperatorKind.FullyConnected, [inputs[0]], output, inputs[1], Bias(inputs, w.Shape[0], number)) { Minimum = minimum, Maximum = maximum };
    }

    private GraphOperator Add(long options, int[] inputs, int output, int number)
    {
        var (left, right) = (Computed(inputs, 0, number), Computed(inputs, 1, number));
        if (!left.Shape.SequenceEqual(right.Shape) || !left.Shape.SequenceEqual(_tensors[output].Shape))
            throw _file.Error($"operator {number} adds [{string.Join(", ", left.Shape)}] and [{string.Join(", ", right.Shape)}] to [{string.Join(", ", _tensors[output].Shape)}]; equal shapes are supported");
        if (!(Math.Max(left.Scale, right.Scale) / _tensors[output].Scale < 1 << 20)) throw _file.Error($"operator {number} adds at scales {left.Scale} and {right.Scale} into {_tensors[output].Scale}");
        var (minimum, maximum) = Activation(options == 0 ? 0 : _file.Byte(options, 0, 0), _tensors[output], number);
        return new GraphOperator(GraphOperatorKind.Add, [inputs[0], inputs[1]], output, -1, -1) { Minimum = minimum, Maximum = maximum };
    }

    private GraphOperator Softmax(long options, int[] inputs, int output, int number)
    {
        var x = Computed(inputs, 0, number);
        var beta = options == 0 || _file.Field(options, 0) == 0 ? 1f : BitConverter.UInt32BitsToSingle(_file.UInt32(options, 0, 0));
        if (x.Count != _tensors[output].Count || x.Count != x.Shape[^1]) throw _file.Error($"operator {number} must take the softmax of one vector");
        if (!(beta > 0 && beta < 1e6f)) throw _file.Error($"operator {number} has the factor {beta}");
        return new GraphOperator(GraphOperatorKind.Softmax, [inputs[0]], output, -1, -1) { Beta = beta };
    }

    private (int Height, int Width, int Channels) Image(GraphTensor tensor, int number) =>
        tensor.Shape is [1, <= MaxSide and var height, <= MaxSide and var width, <= MaxSide and var channels]
            ? (height, width, channels)
            : throw _file.Error($"operator {number} needs pictures [1, height, width, channels], found [{string.Join(", ", tensor.Shape)}]");

    // SAME: ceil(size / stride) outputs, with the smaller half of the missing pixels before; VALID: only whole kernels.
    private (int Top, int Left) Padding(int mode, (int Height, int Width) size, (int Height, int Width) kernel, (int Height, int Width) stride,
        (int Height, int Width) output, int number)
    {
        if (mode is not (0 or 1)) throw _file.Error($"operator {number} has padding mode {mode}");
        if (stride.Height is < 1 or > MaxSide || stride.Width is < 1 or > MaxSide) throw _file.Error($"operator {number} has strides {stride.Height} and {stride.Width}");
        return (Pad(size.Height, kernel.Height, stride.Height, output.Height), Pad(size.Width, kernel.Width, stride.Width, output.Width));

        int Pad(int length, int taps, int step, int found)
        {
            var expected = mode == Same ? (length + step - 1) / step : (length - taps + step) / step;
            if (expected != found || found < 1) throw _file.Error($"operator {number} must give {expected} pixels of {length}, the file states {found}");
            return mode == Same ? Math.Max(0, (found - 1) * step + taps - length) / 2 : 0;
        }
    }

    private (int Minimum, int Maximum) Activation(int code, GraphTensor output, int number)
    {
        int Quantize(float value) => (int)Math.Clamp(output.ZeroPoint + MathF.Round(value / output.Scale, MidpointRounding.AwayFromZero), 0, 255);
        return code switch
        {
            0 => (0, 255),
            1 => (Quantize(0f), 255),
            2 => (Quantize(-1f), Quantize(1f)),
            3 => (Quantize(0f), Quantize(6f)),
            _ => throw _file.Error($"operator {number} has the fused activation {code}; none, ReLU, ReLU1 and ReLU6 are supported"),
        };
    }
}

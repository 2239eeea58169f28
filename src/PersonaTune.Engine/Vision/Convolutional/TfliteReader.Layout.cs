namespace PersonaTune.Engine.Vision.Convolutional;

/// <summary>Operators without weights that move, surround or average values.</summary>
internal sealed partial class TfliteReader
{
    private GraphOperator Reshape(int[] inputs, int output, int number)
    {
        var x = Computed(inputs, 0, number);
        var y = _tensors[output];
        if (x.Count != y.Count || x.Scale != y.Scale || x.ZeroPoint != y.ZeroPoint)
            throw _file.Error($"operator {number} reshapes {x.Count} values into {y.Count}, or changes their scale");
        return new GraphOperator(GraphOperatorKind.Reshape, [inputs[0]], output, -1, -1);
    }

    // Between uint8 and int8 at one scale, with zero points 128 apart: the kept values are the same.
    private GraphOperator Quantize(int[] inputs, int output, int number)
    {
        var x = Computed(inputs, 0, number);
        var y = _tensors[output];
        if (!x.Shape.SequenceEqual(y.Shape) || x.Scale != y.Scale || x.ZeroPoint != y.ZeroPoint)
            throw _file.Error($"operator {number} quantizes from scale {x.Scale} to {y.Scale}, or to another meaning of its values; between uint8 and int8 at one scale is supported");
        return new GraphOperator(GraphOperatorKind.Reshape, [inputs[0]], output, -1, -1);
    }

    private GraphOperator Pad(int[] inputs, int output, int number)
    {
        var x = Computed(inputs, 0, number);
        var (height, width, channels) = Image(x, number);
        var y = _tensors[output];
        var (rows, columns, outputs) = Image(y, number);
        var constant = Constant(inputs, 1, number, 2);
        if (constant.Element != GraphElement.Int32 || constant.Shape is not [4, 2]) throw _file.Error($"operator {number} needs borders of [4, 2] int32 values, found [{string.Join(", ", constant.Shape)}]");
        var borders = Integers(constant);
        if (borders.Any(border => border is < 0 or > MaxSide) || borders[0] + borders[1] + borders[6] + borders[7] != 0)
            throw _file.Error($"operator {number} has borders [{string.Join(", ", borders)}]; not negative ones around height and width are supported");
        if (rows != height + borders[2] + borders[3] || columns != width + borders[4] + borders[5] || outputs != channels)
            throw _file.Error($"operator {number} with borders [{string.Join(", ", borders)}] does not lead from [{string.Join(", ", x.Shape)}] to [{string.Join(", ", y.Shape)}]");
        if (x.Scale != y.Scale || x.ZeroPoint != y.ZeroPoint) throw _file.Error($"operator {number} must keep scale and zero point of its input");
        return new GraphOperator(GraphOperatorKind.Pad, [inputs[0]], output, -1, -1) { PadTop = borders[2], PadLeft = borders[4] };
    }

    private GraphOperator Mean(int[] inputs, int output, int number)
    {
        var x = Computed(inputs, 0, number);
        var (height, width, channels) = Image(x, number);
        var y = _tensors[output];
        var axes = Constant(inputs, 1, number, 1);
        if (axes.Element != GraphElement.Int32 || !Integers(axes).Select(axis => axis < 0 ? axis + 4 : axis).Order().SequenceEqual([1, 2]))
            throw _file.Error($"operator {number} averages over other dimensions than height and width (1 and 2), which is not supported");
        if (y.Count != channels || y.Shape[^1] != channels) throw _file.Error($"operator {number} does not lead from [{string.Join(", ", x.Shape)}] to [{string.Join(", ", y.Shape)}]");
        // Sums of 8-bit numbers must stay within 31 bits.
        if ((long)height * width > 1 << 22) throw _file.Error($"operator {number} averages {(long)height * width} pixels; at most {1 << 22} are supported");
        var factor = x.Scale / (y.Scale * (height * width));
        if (!(factor > 0 && factor < MaxFactor)) throw _file.Error($"operator {number} averages at scale {x.Scale} into {y.Scale}, a ratio of {factor}; above 0 and below {MaxFactor} is supported");
        return new GraphOperator(GraphOperatorKind.AveragePool, [inputs[0]], output, -1, -1) { KernelHeight = height, KernelWidth = width, Rescales = true };
    }

    private int[] Integers(GraphTensor constant)
    {
        var bytes = _memory.Span(constant.DataOffset, constant.Count * 4);
        var values = new int[constant.Count];
        for (var i = 0; i < values.Length; i++) values[i] = System.Buffers.Binary.BinaryPrimitives.ReadInt32LittleEndian(bytes[(4 * i)..]);
        return values;
    }
}

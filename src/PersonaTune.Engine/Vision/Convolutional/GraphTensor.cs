namespace PersonaTune.Engine.Vision.Convolutional;

/// <summary>
/// A tensor of a graph. Quantized values mean Scale (q - ZeroPoint), where an int8 tensor's q and zero point have 128 added. <paramref name="DataOffset"/> is its place in the file where it is a constant, else -1.
/// </summary>
internal sealed record GraphTensor(string Name, IReadOnlyList<int> Shape, GraphElement Element, float Scale, int ZeroPoint, long DataOffset)
{
    /// <summary>Scales of the output channels of weights; empty where all have <see cref="Scale"/>.</summary>
    public IReadOnlyList<float> ChannelScales { get; init; } = [];

    /// <summary>The dimension that <see cref="ChannelScales"/> are those of.</summary>
    public int ChannelDimension { get; init; }

    public float ScaleOf(int channel) => ChannelScales.Count == 0 ? Scale : ChannelScales[channel];

    public bool IsConstant => DataOffset >= 0;

    public int Count { get; } = Shape.Aggregate(1, (product, side) => checked(product * side));

    /// <summary>Height, width and channels of a picture of one batch; a vector is 1 x 1.</summary>
    public (int Height, int Width, int Channels) Picture => Shape.Count == 4 ? (Shape[1], Shape[2], Shape[3]) : (1, 1, Shape[^1]);
}

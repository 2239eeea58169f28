namespace PersonaTune.Engine.Vision.Convolutional;

/// <summary>Operators of a quantized convolutional graph.</summary>
internal enum GraphOperatorKind
{
    Convolution,
    DepthwiseConvolution,
    AveragePool,
    Pad,
    FullyConnected,
    Add,
    Reshape,
    Softmax,
}

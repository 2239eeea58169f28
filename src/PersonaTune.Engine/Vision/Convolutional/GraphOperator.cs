namespace PersonaTune.Engine.Vision.Convolutional;

/// <summary>
/// One operator. Input 0 (and 1 of an addition) is computed; of layers with weights, <paramref name="Weights"/> and <paramref name="Bias"/> are tensor
/// indices (-1: no bias). Paddings are those above and to the left; what lies outside of the picture counts as zero.
/// </summary>
internal sealed record GraphOperator(GraphOperatorKind Kind, IReadOnlyList<int> Inputs, int Output, int Weights, int Bias)
{
    public int StrideHeight { get; init; } = 1;

    public int StrideWidth { get; init; } = 1;

    public int KernelHeight { get; init; } = 1;

    public int KernelWidth { get; init; } = 1;

    public int PadTop { get; init; }

    public int PadLeft { get; init; }

    /// <summary>Least quantized output, by the fused activation.</summary>
    public int Minimum { get; init; }

    /// <summary>Greatest quantized output, by the fused activation.</summary>
    public int Maximum { get; init; } = 255;

    /// <summary>An average that goes straight to its output's scale (the operator MEAN), rather than one that keeps its input's.</summary>
    public bool Rescales { get; init; }

    /// <summary>Softmax's factor of its input.</summary>
    public float Beta { get; init; } = 1f;

    /// <summary>A 1 x 1 convolution of stride 1, which is a linear layer over pixels, or a fully connected layer.</summary>
    public bool IsLinear => Kind == GraphOperatorKind.FullyConnected
        || (Kind == GraphOperatorKind.Convolution && KernelHeight == 1 && KernelWidth == 1 && StrideHeight == 1 && StrideWidth == 1 && PadTop == 0 && PadLeft == 0);
}

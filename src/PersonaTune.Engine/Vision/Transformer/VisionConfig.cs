namespace PersonaTune.Engine.Vision.Transformer;

/// <summary>Shapes and preparation of a vision transformer (Dosovitskiy et al. 2021; DeiT: Touvron et al. 2021).</summary>
internal sealed record VisionConfig
{
    public required int ImageSize { get; init; }

    public required int PatchSize { get; init; }

    /// <summary>Width of the residual stream.</summary>
    public required int EmbeddingLength { get; init; }

    public required int BlockCount { get; init; }

    public required int HeadCount { get; init; }

    public required int FeedForwardLength { get; init; }

    public required float NormEpsilon { get; init; }

    /// <summary>DeiT's second token, beside the class token.</summary>
    public bool DistillationToken { get; init; }

    public required IReadOnlyList<float> Mean { get; init; }

    public required IReadOnlyList<float> Deviation { get; init; }

    /// <summary>How much of the centre square the training kept.</summary>
    public double CropFraction { get; init; } = 1;

    public ResampleFilter Filter { get; init; }

    public IReadOnlyList<string> Labels { get; init; } = [];

    public int Patches => ImageSize / PatchSize * (ImageSize / PatchSize);

    /// <summary>Tokens before the patches.</summary>
    public int ClassTokens => DistillationToken ? 2 : 1;

    public int Tokens => Patches + ClassTokens;

    public int PatchLength => 3 * PatchSize * PatchSize;

    public int HeadLength => EmbeddingLength / HeadCount;
}

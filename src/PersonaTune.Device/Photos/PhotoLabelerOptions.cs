using PersonaTune.Engine.Vision;

namespace PersonaTune.Device.Photos;

/// <summary>Settings of a <see cref="PhotoLabeler"/>.</summary>
public sealed record PhotoLabelerOptions
{
    /// <summary>How labels are learned.</summary>
    public PhotoTrainingOptions Training { get; init; } = new();

    /// <summary>Which part of a picture counts. Default: the middle.</summary>
    public PhotoFraming Framing { get; init; } = PhotoFraming.CentreCrop;

    /// <summary>
    /// Whether prepared pixels are stored (sealed), from which LoRA can be trained. Without them only embeddings are stored, and a head alone is learned. Default true.
    /// </summary>
    public bool KeepPixels { get; init; } = true;

    /// <summary>Collection of the pictures in the store. Default "photos".</summary>
    public string Collection { get; init; } = "photos";

    /// <summary>
    /// Whether LoRA must prove itself: where two labels or more have three pictures, it is kept only if, trained without one picture of each label, it names these
    /// at least as well as a head alone. Default true.
    /// </summary>
    public bool Gate { get; init; } = true;
}

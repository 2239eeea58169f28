namespace PersonaTune.Device.Photos;

/// <summary>What the model says of a picture.</summary>
/// <param name="Labels">Labels, the likeliest first, with their probabilities; at most as many as were asked for.</param>
/// <param name="Unknown">Probability that it shows none of the labels.</param>
public sealed record PhotoSuggestion(IReadOnlyList<LabelProbability> Labels, double Unknown)
{
    /// <summary>The label to suggest, or null where none is likelier than being unknown.</summary>
    public string? Best => Labels.Count > 0 && Labels[0].Probability >= Unknown ? Labels[0].Label : null;
}

namespace PersonaTune.Device.Photos;

/// <summary>A label and how likely it is, 0 to 1.</summary>
public sealed record LabelProbability(string Label, double Probability);

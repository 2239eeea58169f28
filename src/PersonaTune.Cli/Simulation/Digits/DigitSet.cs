namespace PersonaTune.Cli.Simulation.Digits;

/// <summary>Labelled digits.</summary>
/// <param name="Features">The features, (n, <see cref="DigitImages.Features"/>) row-major.</param>
/// <param name="Labels">The labels, 0 to 9.</param>
internal sealed record DigitSet(float[] Features, byte[] Labels)
{
    /// <summary>The number of digits.</summary>
    public int Count => Labels.Length;

    /// <summary>The features of one digit.</summary>
    public ReadOnlySpan<float> Row(int index) => Features.AsSpan(index * DigitImages.Features, DigitImages.Features);
}

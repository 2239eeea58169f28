namespace PersonaTune.Privacy.Mechanisms;

/// <summary>How an update becomes integers. All participants of a round use the same.</summary>
public sealed record UpdateEncodingOptions
{
    /// <summary>Length of the updates.</summary>
    public required int Dimension { get; init; }

    /// <summary>The clip norm C, in the update's unit.</summary>
    public required double ClipNorm { get; init; }

    /// <summary>Integer units for each unit of the update, above 0. Larger is more accurate and needs more bits.</summary>
    public required double Scale { get; init; }

    /// <summary>32 public bytes that choose the rotation; drawn anew each round.</summary>
    public required ReadOnlyMemory<byte> RotationSeed { get; init; }

    /// <summary>
    /// The probability beta with which one rounding of a worst-case update may exceed <see cref="RoundedNorm.L2"/> and is repeated.
    /// Default e^(-1/2), the paper's: the tightest bound, at a bias of at most beta / (1 - beta) rounding errors. 0: always holds, no
    /// bias, looser.
    /// </summary>
    public double Beta { get; init; } = 0.60653065971263342;

    /// <summary>How often rounding is tried. Default 128: a failure then has probability at most beta^128, about 1e-28.</summary>
    public int MaxAttempts { get; init; } = 128;

    internal void Validate()
    {
        OptionCheck.Require(Scale > 0 && double.IsFinite(Scale), nameof(UpdateEncodingOptions), nameof(Scale), Scale,
            "a finite number above 0");
        OptionCheck.Require(ClipNorm is >= L2Clip.SmallestNorm and <= L2Clip.LargestNorm, nameof(UpdateEncodingOptions), nameof(ClipNorm),
            ClipNorm, $"{L2Clip.SmallestNorm} to {L2Clip.LargestNorm}");
        OptionCheck.Require(MaxAttempts >= 1, nameof(UpdateEncodingOptions), nameof(MaxAttempts), MaxAttempts, "at least 1");
    }
}

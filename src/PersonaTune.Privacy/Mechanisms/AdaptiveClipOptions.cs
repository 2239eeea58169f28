namespace PersonaTune.Privacy.Mechanisms;

/// <summary>How an adaptive clip norm moves.</summary>
public sealed record AdaptiveClipOptions
{
    /// <summary>The norm of the first round, above 0. Default 0.1, as in the paper.</summary>
    public double InitialNorm { get; init; } = 0.1;

    /// <summary>The fraction of updates that should stay unclipped, above 0 and below 1. Default 0.5, the median.</summary>
    public double TargetQuantile { get; init; } = 0.5;

    /// <summary>The geometric learning rate eta, above 0. Default 0.2.</summary>
    public double LearningRate { get; init; } = 0.2;

    /// <summary>
    /// The standard deviation of the noise on the count, in clients; 0 in reference computations only. The paper uses clients / 20.
    /// </summary>
    public required double CountNoise { get; init; }

    /// <summary>The norm never falls below. Default 1e-6.</summary>
    public double SmallestNorm { get; init; } = 1e-6;

    /// <summary>The norm never rises above. Default 1e6.</summary>
    public double LargestNorm { get; init; } = 1e6;

    internal void Validate()
    {
        Check(InitialNorm >= SmallestNorm && InitialNorm <= LargestNorm, nameof(InitialNorm), InitialNorm,
            "between SmallestNorm and LargestNorm");
        Check(TargetQuantile is > 0 and < 1, nameof(TargetQuantile), TargetQuantile, "above 0 and below 1");
        Check(LearningRate > 0 && double.IsFinite(LearningRate), nameof(LearningRate), LearningRate, "above 0");
        Check(CountNoise >= 0 && double.IsFinite(CountNoise), nameof(CountNoise), CountNoise, "at least 0");
        Check(SmallestNorm >= L2Clip.SmallestNorm, nameof(SmallestNorm), SmallestNorm, $"at least {L2Clip.SmallestNorm}");
        Check(LargestNorm <= L2Clip.LargestNorm, nameof(LargestNorm), LargestNorm, $"at most {L2Clip.LargestNorm}");
    }

    private static void Check(bool holds, string name, double value, string expected) =>
        OptionCheck.Require(holds, nameof(AdaptiveClipOptions), name, value, expected);
}

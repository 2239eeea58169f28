namespace PersonaTune.Device.Personalization;

/// <summary>What a candidate must show on held-out messages.</summary>
public sealed record PromotionGateOptions
{
    /// <summary>Least relative reduction of held-out loss against the current adapter (or the base). Default 0.005.</summary>
    public double MinimumImprovement { get; init; } = 0.005;

    /// <summary>Fewest held-out messages. Default 2.</summary>
    public int MinimumMessages { get; init; } = 2;

    /// <summary>Fewest held-out tokens. Default 16.</summary>
    public int MinimumTokens { get; init; } = 16;

    /// <summary>Standard errors by which the improvement must exceed zero; 0 turns the test off. Default 0.</summary>
    public double Confidence { get; init; }

    /// <summary>Problems of these values, one sentence each; empty when they are usable.</summary>
    public IReadOnlyList<string> Validate()
    {
        var problems = new List<string>();
        if (MinimumImprovement is not (>= 0 and < 1)) problems.Add($"{nameof(MinimumImprovement)} is {MinimumImprovement}; expected 0 to below 1");
        if (MinimumMessages < 1) problems.Add($"{nameof(MinimumMessages)} is {MinimumMessages}; expected 1 or more");
        if (MinimumTokens < 1) problems.Add($"{nameof(MinimumTokens)} is {MinimumTokens}; expected 1 or more");
        if (!(Confidence >= 0)) problems.Add($"{nameof(Confidence)} is {Confidence}; expected 0 or more");
        return problems;
    }
}

namespace PersonaTune.Device.Personalization;

/// <summary>When an active adapter is taken back because its parent would have done better on what the person wrote since.</summary>
public sealed record RegressionOptions
{
    /// <summary>Newest accepted messages that are compared. Default 50.</summary>
    public int Window { get; init; } = 50;

    /// <summary>Fewest messages before anything is decided. Default 20.</summary>
    public int MinimumMessages { get; init; } = 20;

    /// <summary>Relative loss by which the adapter may be worse than its parent. Default 0.01.</summary>
    public double Margin { get; init; } = 0.01;

    /// <summary>Standard errors by which it must be worse, so that chance alone rarely takes an adapter back. Default 2.</summary>
    public double Confidence { get; init; } = 2;

    /// <summary>Problems of these values, one sentence each; empty when they are usable.</summary>
    public IReadOnlyList<string> Validate()
    {
        var problems = new List<string>();
        if (Window < 2) problems.Add($"{nameof(Window)} is {Window}; expected 2 or more");
        if (MinimumMessages < 2 || MinimumMessages > Window) problems.Add($"{nameof(MinimumMessages)} is {MinimumMessages}; expected 2 to {Window}");
        if (!(Margin >= 0)) problems.Add($"{nameof(Margin)} is {Margin}; expected 0 or more");
        if (!(Confidence >= 0)) problems.Add($"{nameof(Confidence)} is {Confidence}; expected 0 or more");
        return problems;
    }
}

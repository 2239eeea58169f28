namespace PersonaTune.Device.Personalization;

/// <summary>What a personalizer trains with, and when it is satisfied.</summary>
public sealed record PersonalizationOptions
{
    /// <summary>Collection of the store that is learned from. Default "messages".</summary>
    public string Collection { get; init; } = "messages";

    /// <summary>How an adapter is trained.</summary>
    public TrainingRecipe Recipe { get; init; } = new();

    /// <summary>Fewest examples with text for which training starts; at least 2. Default 20.</summary>
    public int MinimumExamples { get; init; } = 20;

    /// <summary>What a candidate must show before it replaces the current adapter.</summary>
    public PromotionGateOptions Gate { get; init; } = new();

    /// <summary>When an active adapter that got worse is rolled back.</summary>
    public RegressionOptions Regression { get; init; } = new();

    /// <summary>Problems of these values, one sentence each; empty when they are usable.</summary>
    public IReadOnlyList<string> Validate()
    {
        var problems = new List<string>();
        if (string.IsNullOrWhiteSpace(Collection)) problems.Add($"{nameof(Collection)} is empty; expected a name");
        if (MinimumExamples < 2) problems.Add($"{nameof(MinimumExamples)} is {MinimumExamples}; expected 2 or more (one to train, one to validate)");
        problems.AddRange(Recipe.Validate().Select(p => "Recipe." + p));
        problems.AddRange(Gate.Validate().Select(p => "Gate." + p));
        problems.AddRange(Regression.Validate().Select(p => "Regression." + p));
        return problems;
    }
}

namespace PersonaTune.Device.Keyboard;

/// <summary>Settings of a <see cref="WordSuggester"/>.</summary>
public sealed record SuggestionOptions
{
    /// <summary>Words a call returns at most, 1 to 50. Default 3.</summary>
    public int Count { get; init; } = 3;

    /// <summary>Model evaluations a call may spend, at least 1; most of them run in batches. Default 32.</summary>
    public int MaxExpansions { get; init; } = 32;

    /// <summary>Time after which a call spends no further evaluation and returns what it has; null for no limit. Default null.</summary>
    public TimeSpan? Deadline { get; init; }

    /// <summary>Factor on the probability of a word that fits only when the case of letters is ignored; 0 to 1. Default 0.3.</summary>
    public double CaseFactor { get; init; } = 0.3;

    /// <summary>Most tokens of a completion. Default 24.</summary>
    public int MaxCompletionTokens { get; init; } = 24;

    /// <summary>Checks every value against its range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of range.</exception>
    internal void Validate()
    {
        Demand(Count is >= 1 and <= 50, nameof(Count), Count, "1 to 50");
        Demand(MaxExpansions >= 1, nameof(MaxExpansions), MaxExpansions, "at least 1");
        Demand(Deadline is null || Deadline > TimeSpan.Zero, nameof(Deadline), Deadline, "above zero");
        Demand(CaseFactor is >= 0 and <= 1, nameof(CaseFactor), CaseFactor, "0 to 1");
        Demand(MaxCompletionTokens >= 1, nameof(MaxCompletionTokens), MaxCompletionTokens, "at least 1");
    }

    private static void Demand(bool met, string name, object? value, string range)
    {
        if (!met) throw new ArgumentOutOfRangeException(name, value, $"SuggestionOptions.{name} is {range}");
    }
}

namespace PersonaTune.Engine.Training;

/// <summary>Even the smallest plan does not fit the budget.</summary>
public sealed class MemoryBudgetException : EngineException
{
    /// <summary>Creates the exception.</summary>
    public MemoryBudgetException(long budgetBytes, long neededBytes, int longestSequence)
        : base($"training needs at least {neededBytes} bytes for its longest sequence of {longestSequence} tokens, but the memory budget is "
            + $"{budgetBytes} bytes; raise the budget, shorten the sequences or lower the rank") =>
        (BudgetBytes, NeededBytes, LongestSequence) = (budgetBytes, neededBytes, longestSequence);

    /// <summary>The budget.</summary>
    public long BudgetBytes { get; }

    /// <summary>The smallest plan.</summary>
    public long NeededBytes { get; }

    /// <summary>Tokens of the longest sequence, which sets the smallest micro-batch.</summary>
    public int LongestSequence { get; }
}

namespace PersonaTune.Privacy.Budget;

/// <summary>Which limit of a <see cref="PrivacyBudgetPolicy"/>.</summary>
public enum BudgetLimit
{
    /// <summary>The limit over everything.</summary>
    Total,

    /// <summary>The limit of 24 hours.</summary>
    Day,

    /// <summary>The limit of one purpose.</summary>
    Purpose,
}

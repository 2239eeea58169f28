using System.Globalization;

namespace PersonaTune.Privacy.Budget;

/// <summary>A spend was refused because it would exceed a limit. Nothing was recorded and nothing may be released.</summary>
public sealed class BudgetExceededException : Exception
{
    /// <summary>Creates the exception.</summary>
    public BudgetExceededException(string reference, BudgetLimit limit, string purpose, double spent, double wouldBe, double allowed)
        : base(string.Create(CultureInfo.InvariantCulture,
            $"spend '{reference}' for purpose '{purpose}': the {Name(limit)} limit is epsilon {allowed:G6}, {spent:G6} is spent and {wouldBe:G6} would be after it; {Advice(limit)}"))
    {
        Reference = reference;
        Limit = limit;
        Purpose = purpose;
        Spent = spent;
        WouldBe = wouldBe;
        Allowed = allowed;
    }

    /// <summary>The reference of the refused spend.</summary>
    public string Reference { get; }

    /// <summary>Which limit.</summary>
    public BudgetLimit Limit { get; }

    /// <summary>The purpose of the refused spend.</summary>
    public string Purpose { get; }

    /// <summary>Epsilon that counts against the limit now.</summary>
    public double Spent { get; }

    /// <summary>Epsilon that would count against it after the spend; infinite for an unprotected release.</summary>
    public double WouldBe { get; }

    /// <summary>The limit.</summary>
    public double Allowed { get; }

    private static string Name(BudgetLimit limit) => limit switch
    {
        BudgetLimit.Total => "total",
        BudgetLimit.Day => "daily",
        _ => "purpose's",
    };

    private static string Advice(BudgetLimit limit) => limit == BudgetLimit.Day
        ? "wait until earlier spends are a day old, or add noise"
        : "add noise, sample fewer, or stop";
}

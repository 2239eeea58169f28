namespace PersonaTune.Privacy.Accounting;

/// <summary>Which analysis gave a privacy guarantee.</summary>
public enum AccountingBound
{
    /// <summary>Rényi differential privacy.</summary>
    Renyi,

    /// <summary>A discretised privacy loss distribution.</summary>
    LossDistribution,

    /// <summary>A closed formula of the one mechanism.</summary>
    ClosedForm,
}

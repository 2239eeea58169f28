namespace PersonaTune.Privacy.Accounting;

/// <summary>No value of a parameter meets a privacy budget.</summary>
public sealed class CalibrationException : Exception
{
    /// <summary>Names the parameter, the last value tried, what it costs and the budget.</summary>
    /// <param name="parameter">What was searched for.</param>
    /// <param name="tried">The most private value tried.</param>
    /// <param name="epsilon">Epsilon at that value.</param>
    /// <param name="budget">The target.</param>
    public CalibrationException(string parameter, double tried, double epsilon, EpsilonDeltaEvent budget)
        : base($"no {parameter} meets epsilon {budget?.Epsilon} at delta {budget?.Delta}: at {tried} epsilon is still {epsilon}; "
            + "raise the budget or release less often")
    {
        ArgumentNullException.ThrowIfNull(budget);
        Parameter = parameter;
        Tried = tried;
        Epsilon = epsilon;
        Budget = budget;
    }

    /// <summary>What was searched for.</summary>
    public string Parameter { get; }

    /// <summary>The most private value tried.</summary>
    public double Tried { get; }

    /// <summary>Epsilon at that value.</summary>
    public double Epsilon { get; }

    /// <summary>The target.</summary>
    public EpsilonDeltaEvent Budget { get; }
}

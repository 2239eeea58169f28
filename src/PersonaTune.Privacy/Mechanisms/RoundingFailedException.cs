namespace PersonaTune.Privacy.Mechanisms;

/// <summary>
/// No attempt at stochastic rounding kept the norm below the bound that the privacy guarantee assumes; nothing was encoded.
/// </summary>
public sealed class RoundingFailedException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="attempts">How often it was tried.</param>
    /// <param name="bound">The bound of the integer vector's L2 norm.</param>
    public RoundingFailedException(int attempts, double bound)
        : base(FormattableString.Invariant($"encoding: the rounded norm exceeded {bound} in {attempts} attempts, expected once below; ")
            + "leave this round out, and choose a smaller UpdateEncodingOptions.Beta if it happens again")
    {
        Attempts = attempts;
        Bound = bound;
    }

    /// <summary>How often it was tried.</summary>
    public int Attempts { get; }

    /// <summary>The bound of the integer vector's L2 norm.</summary>
    public double Bound { get; }
}

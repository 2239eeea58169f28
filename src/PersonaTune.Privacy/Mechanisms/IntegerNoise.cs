namespace PersonaTune.Privacy.Mechanisms;

/// <summary>
/// A law of integer noise and its sampler. Immutable and thread-safe; making one builds its tables (milliseconds), so make it once. Draws
/// come from the source that the caller passes.
/// </summary>
/// <remarks>
/// What is drawn differs from the stated law by at most <see cref="DistanceBound"/> in total variation for each value. A release of d
/// values that an accountant calls (epsilon, delta)-DP is therefore (epsilon, delta + (1 + e^epsilon) d DistanceBound)-DP: below 2^-100
/// for a million values.
/// </remarks>
public abstract class IntegerNoise
{
    /// <summary>The variance of the law, in squared integer units.</summary>
    public abstract double Variance { get; }

    /// <summary>An upper bound of the total-variation distance between one drawn value and the stated law; 0 for exact samplers.</summary>
    public virtual double DistanceBound => Math.ScaleB(1, -128);

    /// <summary>No draw has a larger magnitude.</summary>
    public abstract long LargestMagnitude { get; }

    /// <summary>The natural logarithm of the stated law's probability of <paramref name="value"/>.</summary>
    public abstract double LogProbability(long value);

    /// <summary>The stated law's probability of <paramref name="value"/>.</summary>
    public double Probability(long value) => Math.Exp(LogProbability(value));

    /// <summary>Fills <paramref name="values"/> with independent draws.</summary>
    /// <param name="source">The source of random bytes.</param>
    /// <param name="values">Receives the draws; they are secret until added to something.</param>
    public abstract void Fill(INoiseSource source, Span<int> values);

    /// <summary>Adds an independent draw to each of <paramref name="values"/>.</summary>
    /// <param name="source">The source of random bytes.</param>
    /// <param name="values">What to hide.</param>
    /// <exception cref="OverflowException">A sum leaves the range of 32 bits; nothing of <paramref name="values"/> may be released
    /// then.</exception>
    public void AddTo(INoiseSource source, Span<int> values)
    {
        Span<int> draws = stackalloc int[256];
        for (var first = 0; first < values.Length; first += draws.Length)
        {
            var part = values.Slice(first, Math.Min(draws.Length, values.Length - first));
            Fill(source, draws[..part.Length]);
            for (var i = 0; i < part.Length; i++) part[i] = checked(part[i] + draws[i]);
        }

        System.Security.Cryptography.CryptographicOperations.ZeroMemory(System.Runtime.InteropServices.MemoryMarshal.AsBytes(draws));
    }
}

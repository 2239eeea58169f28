namespace PersonaTune.Privacy.Auditing;

/// <summary>
/// How well a model remembers a secret that was planted in its training data (Carlini et al. 2019, "The Secret Sharer"): the canary is drawn at
/// random from a large space of equally plausible texts, and ranked by the model's loss among others of that space which were not trained on.
/// Exposure = log2 |R| - log2 rank bits, where R are the reference texts with the canary and rank 1 is the lowest loss. Thread-safe.
/// </summary>
/// <remarks>
/// Without memorization the rank is uniform: exposure is near 1 bit on average (log2 e for large R) and exceeds x bits with probability 2^-x. It
/// cannot exceed log2 |R|: a measured value there means "at least".
/// </remarks>
public static class CanaryExposure
{
    /// <summary>The exposure, in bits, of a canary with <paramref name="canaryLoss"/> among references with <paramref name="referenceLosses"/>.</summary>
    /// <returns>0 to log2(1 + number of references). A reference of equal loss counts as better than the canary.</returns>
    /// <exception cref="ArgumentException">There is no reference, or a loss is not a number.</exception>
    public static double Measure(double canaryLoss, ReadOnlySpan<double> referenceLosses)
    {
        if (referenceLosses.IsEmpty) throw new ArgumentException("canary exposure: no reference losses; draw some from the canary's space", nameof(referenceLosses));
        if (double.IsNaN(canaryLoss)) throw new ArgumentException("canary exposure: the canary's loss is not a number", nameof(canaryLoss));
        var rank = 1;
        foreach (var loss in referenceLosses)
        {
            if (double.IsNaN(loss)) throw new ArgumentException("canary exposure: a reference loss is not a number", nameof(referenceLosses));
            if (loss <= canaryLoss) rank++;
        }

        return Math.Log2(referenceLosses.Length + 1) - Math.Log2(rank);
    }

    /// <summary>Exposures of several canaries among the same references.</summary>
    /// <exception cref="ArgumentException">There is no reference, or a loss is not a number.</exception>
    public static double[] MeasureAll(ReadOnlySpan<double> canaryLosses, ReadOnlySpan<double> referenceLosses)
    {
        var exposures = new double[canaryLosses.Length];
        for (var i = 0; i < exposures.Length; i++) exposures[i] = Measure(canaryLosses[i], referenceLosses);
        return exposures;
    }
}

namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// A mixture of N(-s_j, sigma^2) with probabilities p_j against N(0, sigma^2): Gaussian noise on a sum whose sensitivity is random, record
/// removed (Choquette-Choo, Ganesh, Steinke and Thakurta 2023). The loss falls with the output.
/// </summary>
internal sealed record PrivacyLossMixture : PrivacyLossDensity
{
    private readonly double sigma;
    private readonly double[] sensitivities;
    private readonly double[] probabilities;
    private readonly double zeroProbability;

    /// <param name="sigma">Standard deviation, above 0.</param>
    /// <param name="components">Sensitivities (0 or more, at least one above 0) with probabilities above 0 that sum to 1.</param>
    public PrivacyLossMixture(double sigma, IEnumerable<(double Sensitivity, double Probability)> components)
    {
        this.sigma = sigma;
        (double Sensitivity, double Probability)[] sorted = [.. components.OrderBy(c => c.Sensitivity)];
        sensitivities = [.. sorted.Select(c => c.Sensitivity)];
        probabilities = [.. sorted.Select(c => c.Probability)];
        zeroProbability = sorted.Where(c => c.Sensitivity == 0).Sum(c => c.Probability);
    }

    public override double LowestLoss => LossAt(Deviations * sigma).Loss;

    public override double HighestLoss => LossAt(-Deviations * sigma - sensitivities[^1]).Loss;

    public override PldTail TailAt(double loss)
    {
        if (double.IsPositiveInfinity(loss)) return PldTail.Nothing;
        if (Math.Exp(loss) <= zeroProbability) return PldTail.Everything;
        var output = OutputAt(loss);
        var (lowerAbove, lowerBelow) = PldNormal.Split(output / sigma);
        double upperAbove = 0, upperBelow = 0;
        for (var j = 0; j < sensitivities.Length; j++)
        {
            var (left, right) = PldNormal.Split((output + sensitivities[j]) / sigma);
            upperAbove += probabilities[j] * left;
            upperBelow += probabilities[j] * right;
        }
        return new(upperAbove, upperBelow, lowerAbove, lowerBelow);
    }

    public bool Equals(PrivacyLossMixture? other) => other is not null && sigma == other.sigma
        && sensitivities.AsSpan().SequenceEqual(other.sensitivities) && probabilities.AsSpan().SequenceEqual(other.probabilities);

    public override int GetHashCode() => HashCode.Combine(sigma, sensitivities.Length, sensitivities[^1], probabilities[^1]);

    /// <summary>
    /// The output at which the loss has a value. The loss is convex and falling, so Newton's method from its left cannot overshoot.
    /// </summary>
    private double OutputAt(double loss)
    {
        var largest = sensitivities[^1];
        var output = (Math.Log(probabilities[^1]) - loss) * sigma * sigma / largest - 0.5 * largest;
        for (var step = 0; step < 200; step++)
        {
            var (value, slope) = LossAt(output);
            var next = output + (loss - value) / slope;
            if (!(next > output) || double.IsInfinity(next)) break;
            output = next;
        }
        return output;
    }

    /// <summary>ln(sum of p_j exp((-2 s_j x - s_j^2) / (2 sigma^2))) and its derivative.</summary>
    private (double Loss, double Slope) LossAt(double output)
    {
        var variance = sigma * sigma;
        var greatest = double.NegativeInfinity;
        for (var j = 0; j < sensitivities.Length; j++) greatest = Math.Max(greatest, Exponent(j));
        double sum = 0, weighted = 0;
        for (var j = 0; j < sensitivities.Length; j++)
        {
            var term = Math.Exp(Exponent(j) - greatest);
            sum += term;
            weighted += term * sensitivities[j];
        }
        return (greatest + Math.Log(sum), -weighted / (sum * variance));

        double Exponent(int j) => Math.Log(probabilities[j]) - sensitivities[j] * (output + 0.5 * sensitivities[j]) / variance;
    }
}

using PersonaTune.Privacy.Mechanisms;

namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// Integer noise that clients add before secure aggregation, as the distributed discrete Gaussian (Kairouz, Liu and Steinke 2021) and
/// distributed Skellam (Agarwal, Kairouz and Liu 2021) mechanisms do: clip to L2 norm C, scale by s, round stochastically to integers,
/// add a share of the noise, sum modulo 2^b.
/// </summary>
/// <remarks>
/// Guarantee: the sum over <see cref="Clients"/> shares is private against everyone who sees only the sum; the count must be that of honest
/// clients that surely survive, not of those invited. Relation: one client's vector is added, removed or replaced by zero. Assumptions:
/// each client checks the rounded norm bound in integers and rounds again until it holds; the sum does not wrap often (wrapping costs
/// accuracy, never privacy). Fewer honest shares than counted break it.
/// </remarks>
public sealed record DistributedNoise
{
    /// <summary>Describes the noise of one round.</summary>
    /// <param name="clients">Number of shares in the sum, 1 or more.</param>
    /// <param name="dimension">Number of coordinates, padding included, 1 or more.</param>
    /// <param name="localDeviation">Standard deviation (parameter sigma) of one share, in units of the unscaled vector, above 0.</param>
    /// <param name="clipNorm">L2 clipping norm C of the unscaled vector, above 0.</param>
    /// <param name="scale">Scale s from unscaled units to integers, above 0.</param>
    /// <param name="beta">
    /// Bias allowed to conditional rounding, 0 to below 1: rounding is repeated until the norm bound holds, which fails with probability
    /// below beta. 0 rounds once and takes the worst case.
    /// </param>
    public DistributedNoise(int clients, int dimension, double localDeviation, double clipNorm, double scale, double beta)
    {
        Clients = EventArgument.AtLeast(clients, 1, nameof(DistributedNoise));
        Dimension = EventArgument.AtLeast(dimension, 1, nameof(DistributedNoise));
        LocalDeviation = EventArgument.Positive(localDeviation, nameof(DistributedNoise));
        ClipNorm = EventArgument.Positive(clipNorm, nameof(DistributedNoise));
        Scale = EventArgument.Positive(scale, nameof(DistributedNoise));
        Beta = beta is >= 0 and < 1 ? beta : throw new ArgumentOutOfRangeException(nameof(beta), beta, $"beta is {beta}, expected 0 to below 1");
    }

    /// <summary>Number of shares in the sum.</summary>
    public int Clients { get; }

    /// <summary>Number of coordinates.</summary>
    public int Dimension { get; }

    /// <summary>Standard deviation (parameter sigma) of one share, in units of the unscaled vector.</summary>
    public double LocalDeviation { get; }

    /// <summary>L2 clipping norm of the unscaled vector.</summary>
    public double ClipNorm { get; }

    /// <summary>Scale from unscaled units to integers.</summary>
    public double Scale { get; }

    /// <summary>Bias allowed to conditional rounding.</summary>
    public double Beta { get; }

    /// <summary>L2 sensitivity of the sum after rounding, in integer units.</summary>
    public double L2Sensitivity => RoundedNorm.L2(ClipNorm * Scale, Dimension, Beta);

    /// <summary>L1 sensitivity of the sum after rounding, in integer units.</summary>
    public double L1Sensitivity => RoundedNorm.L1(L2Sensitivity, Dimension);

    /// <summary>One round with discrete Gaussian shares.</summary>
    /// <exception cref="InvalidOperationException">
    /// The share is narrower than half an integer; the analysis does not hold there.
    /// </exception>
    public DistributedDiscreteGaussianEvent AsDiscreteGaussian()
    {
        var share = LocalDeviation * Scale;
        return share >= 0.5
            ? UncheckedDiscreteGaussian()
            : throw new InvalidOperationException(
                $"a discrete Gaussian share has sigma {share} integer units, expected 0.5 or more; raise the scale or the local deviation");
    }

    /// <summary>One round with Skellam shares; they add up to a Skellam variable exactly.</summary>
    public SkellamEvent AsSkellam()
    {
        var share = LocalDeviation * Scale;
        return new SkellamEvent(share * share * Clients, L1Sensitivity, L2Sensitivity);
    }

    /// <summary>
    /// The scale at which k standard deviations of the noisy, rounded sum fill b bits: s solves
    /// 2^b = 2 k s sqrt(rho (C n)^2 / d + n (1 / (4 s^2) + sigma^2)) (Kairouz, Liu and Steinke 2021, section 4.4).
    /// </summary>
    /// <param name="clients">Number n of clients, 1 or more.</param>
    /// <param name="dimension">Number d of coordinates, 1 or more.</param>
    /// <param name="localDeviation">Standard deviation sigma of one share, 0 or more.</param>
    /// <param name="clipNorm">Clipping norm C, above 0.</param>
    /// <param name="bits">Width b of a coordinate, 1 to 52.</param>
    /// <param name="deviations">The number k of standard deviations that must fit, above 0; 4 wraps about one coordinate in 16,000.</param>
    /// <param name="flatness">Flatness rho of the rotated vector, above 0; 1 after a good rotation.</param>
    /// <returns>The scale.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of range, or rounding noise alone fills the bits.</exception>
    public static double FittingScale(
        int clients, int dimension, double localDeviation, double clipNorm, int bits, double deviations = 4, double flatness = 1)
    {
        EventArgument.AtLeast(clients, 1, nameof(FittingScale));
        EventArgument.AtLeast(dimension, 1, nameof(FittingScale));
        EventArgument.NonNegative(localDeviation, nameof(FittingScale));
        EventArgument.Positive(clipNorm, nameof(FittingScale));
        EventArgument.Positive(deviations, nameof(FittingScale));
        EventArgument.Positive(flatness, nameof(FittingScale));
        ArgumentOutOfRangeException.ThrowIfLessThan(bits, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bits, 52);
        var room = Math.Pow(4, bits) - (clients * deviations * deviations);
        if (room <= 0)
        {
            throw new ArgumentOutOfRangeException(
                nameof(bits), $"{bits} bits cannot hold the rounding noise of {clients} clients; use more bits or fewer clients");
        }

        var signal = flatness / dimension * clipNorm * clipNorm * clients * clients;
        return Math.Sqrt(room) / (2 * deviations * Math.Sqrt(signal + (clients * localDeviation * localDeviation)));
    }

    /// <summary>The event even where the share is too narrow for the analysis to hold; for comparison with published tables.</summary>
    internal DistributedDiscreteGaussianEvent UncheckedDiscreteGaussian()
    {
        var share = LocalDeviation * Scale;
        return new DistributedDiscreteGaussianEvent(
            share * Math.Sqrt(Clients), L1Sensitivity, L2Sensitivity, Dimension, SumDistance(share, Clients));
    }

    // tau = 10 sum over k from 1 to n - 1 of exp(-2 pi^2 sigma^2 k / (k + 1)) (theorem 1 of the discrete Gaussian paper).
    private static double SumDistance(double sigma, int clients)
    {
        var exponent = -2 * Math.PI * Math.PI * sigma * sigma;
        var sum = 0.0;
        for (var k = 1; k < clients; k++) sum += Math.Exp(exponent * k / (k + 1.0));
        return 10 * sum;
    }
}

using System.Runtime.CompilerServices;
using MathNet.Numerics;

namespace PersonaTune.Privacy.Accounting;

public sealed partial class PrivacyLossDistribution
{
    /// <summary>Nothing was released.</summary>
    /// <param name="grid">The grid; <see cref="PldGrid.Default"/> if none is given.</param>
    public static PrivacyLossDistribution Identity(PldGrid? grid = null) => new(grid ?? PldGrid.Default, []);

    /// <summary>Something was released without protection: the loss is infinite.</summary>
    /// <param name="grid">The grid.</param>
    public static PrivacyLossDistribution NonPrivate(PldGrid? grid = null) => Of(new(PrivacyLossOutcomes.Revealed), grid);

    /// <summary>The Gaussian mechanism, under the relation for which the sensitivity was computed.</summary>
    /// <param name="standardDeviation">Standard deviation of the noise, above 0.</param>
    /// <param name="sensitivity">L2 sensitivity, above 0.</param>
    /// <param name="grid">The grid.</param>
    public static PrivacyLossDistribution Gaussian(double standardDeviation, double sensitivity = 1, PldGrid? grid = null) =>
        Of(new(new PrivacyLossGaussian(Positive(sensitivity) / Positive(standardDeviation))), grid);

    /// <summary>The Laplace mechanism, under the relation for which the sensitivity was computed.</summary>
    /// <param name="scale">Scale b of the noise, above 0.</param>
    /// <param name="sensitivity">L1 sensitivity, above 0.</param>
    /// <param name="grid">The grid.</param>
    public static PrivacyLossDistribution Laplace(double scale, double sensitivity = 1, PldGrid? grid = null) =>
        Of(new(new PrivacyLossLaplace(Positive(sensitivity) / Positive(scale))), grid);

    /// <summary>The discrete Gaussian mechanism on one integer (Canonne, Kamath and Steinke 2020).</summary>
    /// <param name="sigma">Parameter sigma, above 0.</param>
    /// <param name="sensitivity">Sensitivity in integer units, above 0.</param>
    /// <param name="grid">The grid.</param>
    public static PrivacyLossDistribution DiscreteGaussian(double sigma, int sensitivity = 1, PldGrid? grid = null) =>
        Of(new(new PrivacyLossDiscreteGaussian(Positive(sigma), Positive(sensitivity))), grid);

    /// <summary>The discrete Laplace (geometric) mechanism on one integer.</summary>
    /// <param name="parameter">Parameter a of P(x) proportional to exp(-a |x|), above 0.</param>
    /// <param name="sensitivity">Sensitivity in integer units, above 0.</param>
    /// <param name="grid">The grid.</param>
    public static PrivacyLossDistribution DiscreteLaplace(double parameter, int sensitivity = 1, PldGrid? grid = null) =>
        Of(new(new PrivacyLossDiscreteLaplace(Positive(parameter), Positive(sensitivity))), grid);

    /// <summary>
    /// k-ary randomized response. It has no guarantee under add-or-remove-one, where nobody answers for a missing record.
    /// </summary>
    /// <param name="noiseParameter">Probability of a uniformly random answer, in (0, 1].</param>
    /// <param name="buckets">Number k of answers, 2 or more.</param>
    /// <param name="relation">Replace one, or replace by the special record whose answer is uniform.</param>
    /// <param name="grid">The grid.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument lies outside its range, or the relation is add-or-remove-one.</exception>
    public static PrivacyLossDistribution RandomizedResponse(
        double noiseParameter, int buckets, NeighbouringRelation relation = NeighbouringRelation.ReplaceOne, PldGrid? grid = null)
    {
        if (!(noiseParameter is > 0 and <= 1))
            throw new ArgumentOutOfRangeException(
                nameof(noiseParameter), noiseParameter, "the probability of a random answer lies in (0, 1]");
        ArgumentOutOfRangeException.ThrowIfLessThan(buckets, 2);
        return relation switch
        {
            NeighbouringRelation.ReplaceOne => Of(new(PrivacyLossOutcomes.ResponseReplaced(noiseParameter, buckets)), grid),
            NeighbouringRelation.ReplaceSpecial => Of(
                new(
                    PrivacyLossOutcomes.ResponseSpecial(noiseParameter, buckets, fromSpecial: false),
                    PrivacyLossOutcomes.ResponseSpecial(noiseParameter, buckets, fromSpecial: true)),
                grid),
            _ => throw new ArgumentOutOfRangeException(nameof(relation), relation, "randomized response holds when a record is replaced"),
        };
    }

    /// <summary>The worst mechanism that is (epsilon, delta)-private (Kairouz, Oh and Viswanath 2015).</summary>
    /// <param name="epsilon">Epsilon, 0 or more.</param>
    /// <param name="delta">Delta, 0 to 1.</param>
    /// <param name="grid">The grid.</param>
    /// <remarks>With an optimistic grid this bounds what is known of the mechanism, not the mechanism.</remarks>
    public static PrivacyLossDistribution EpsilonDelta(double epsilon, double delta = 0, PldGrid? grid = null)
    {
        if (!(epsilon >= 0)) throw new ArgumentOutOfRangeException(nameof(epsilon), epsilon, "epsilon is 0 or more");
        if (!(delta is >= 0 and <= 1)) throw new ArgumentOutOfRangeException(nameof(delta), delta, "delta lies in [0, 1]");
        var revealed = delta == 1 || double.IsPositiveInfinity(epsilon);
        return Of(new(revealed ? PrivacyLossOutcomes.Revealed : PrivacyLossOutcomes.EpsilonDelta(epsilon, delta)), grid);
    }

    /// <summary>
    /// Gaussian noise on a sum whose sensitivity is random (Choquette-Choo, Ganesh, Steinke and Thakurta 2023), when a record is added,
    /// removed or exchanged for the special one.
    /// </summary>
    /// <param name="standardDeviation">Standard deviation of the noise, above 0.</param>
    /// <param name="sensitivities">The possible sensitivities, 0 or more.</param>
    /// <param name="samplingProbabilities">Their probabilities, which sum to 1.</param>
    /// <param name="grid">The grid.</param>
    /// <exception cref="ArgumentException">The lists do not describe a distribution of sensitivities.</exception>
    public static PrivacyLossDistribution MixtureOfGaussians(
        double standardDeviation, IReadOnlyList<double> sensitivities, IReadOnlyList<double> samplingProbabilities, PldGrid? grid = null)
    {
        ArgumentNullException.ThrowIfNull(sensitivities);
        ArgumentNullException.ThrowIfNull(samplingProbabilities);
        Positive(standardDeviation);
        if (sensitivities.Count != samplingProbabilities.Count || !sensitivities.All(s => s >= 0 && double.IsFinite(s))
            || !samplingProbabilities.All(p => p >= 0) || !(Math.Abs(samplingProbabilities.Sum() - 1) < 1e-9))
            throw new ArgumentException(
                $"{sensitivities.Count} sensitivities with {samplingProbabilities.Count} probabilities that sum to "
                + $"{samplingProbabilities.Sum()}; "
                + "give as many of each, none negative, with probabilities that sum to 1",
                nameof(samplingProbabilities));
        (double Sensitivity, double Probability)[] components =
            [.. sensitivities.Zip(samplingProbabilities).Where(component => component.Second > 0)];
        if (components.All(component => component.Sensitivity == 0)) return Identity(grid);
        var removed = new PrivacyLossMixture(standardDeviation, components);
        return Of(new(removed, new PrivacyLossReversed(removed)), grid);
    }

    /// <summary>The Gaussian mechanism on a Poisson sample.</summary>
    /// <param name="standardDeviation">Standard deviation of the noise, above 0.</param>
    /// <param name="samplingProbability">Probability of inclusion, 0 to 1.</param>
    /// <param name="sensitivity">Largest norm of one record's contribution, above 0.</param>
    /// <param name="relation">
    /// The relation. Under replace-one two records of that norm are exchanged, so contributions differ by up to twice the sensitivity.
    /// </param>
    /// <param name="grid">The grid.</param>
    public static PrivacyLossDistribution SampledGaussian(
        double standardDeviation, double samplingProbability, double sensitivity = 1,
        NeighbouringRelation relation = NeighbouringRelation.AddOrRemoveOne, PldGrid? grid = null)
    {
        var multiplier = Positive(standardDeviation) / Positive(sensitivity);
        if (relation == NeighbouringRelation.ReplaceOne)
            return Probability(samplingProbability) == 0
                ? Identity(grid) : Of(new(new PrivacyLossReplacedSample(multiplier, samplingProbability)), grid);
        return Sampled(new PrivacyLossGaussian(1 / multiplier), samplingProbability, grid);
    }

    /// <summary>The Laplace mechanism on a Poisson sample, when a record is added, removed or exchanged for the special one.</summary>
    /// <param name="scale">Scale b of the noise, above 0.</param>
    /// <param name="samplingProbability">Probability of inclusion, 0 to 1.</param>
    /// <param name="sensitivity">L1 sensitivity, above 0.</param>
    /// <param name="grid">The grid.</param>
    public static PrivacyLossDistribution SampledLaplace(
        double scale, double samplingProbability, double sensitivity = 1, PldGrid? grid = null) =>
        Sampled(new PrivacyLossLaplace(Positive(sensitivity) / Positive(scale)), samplingProbability, grid);

    /// <summary>
    /// The discrete Gaussian mechanism on a Poisson sample, when a record is added, removed or exchanged for the special one.
    /// </summary>
    /// <param name="sigma">Parameter sigma, above 0.</param>
    /// <param name="samplingProbability">Probability of inclusion, 0 to 1.</param>
    /// <param name="sensitivity">Sensitivity in integer units, above 0.</param>
    /// <param name="grid">The grid.</param>
    public static PrivacyLossDistribution SampledDiscreteGaussian(
        double sigma, double samplingProbability, int sensitivity = 1, PldGrid? grid = null) =>
        Sampled(new PrivacyLossDiscreteGaussian(Positive(sigma), Positive(sensitivity)), samplingProbability, grid);

    /// <summary>
    /// The discrete Laplace mechanism on a Poisson sample, when a record is added, removed or exchanged for the special one.
    /// </summary>
    /// <param name="parameter">Parameter a, above 0.</param>
    /// <param name="samplingProbability">Probability of inclusion, 0 to 1.</param>
    /// <param name="sensitivity">Sensitivity in integer units, above 0.</param>
    /// <param name="grid">The grid.</param>
    public static PrivacyLossDistribution SampledDiscreteLaplace(
        double parameter, double samplingProbability, int sensitivity = 1, PldGrid? grid = null) =>
        Sampled(new PrivacyLossDiscreteLaplace(Positive(parameter), Positive(sensitivity)), samplingProbability, grid);

    /// <summary>
    /// The Gaussian mechanism on a Poisson sample that is cut down to a maximum batch size (Chua, Ghazi, Kamath, Kumar, Manurangsi, Sinha
    /// and Zhang 2024). A cut batch exposes another record as well, so it is analysed as an exchange at twice the sensitivity.
    /// </summary>
    /// <param name="datasetSize">Number of records, 0 or more.</param>
    /// <param name="samplingProbability">Probability of inclusion, 0 to 1.</param>
    /// <param name="truncatedBatchSize">The largest batch, 0 or more.</param>
    /// <param name="noiseMultiplier">Standard deviation divided by the largest norm of one record's contribution, above 0.</param>
    /// <param name="relation">The relation.</param>
    /// <param name="grid">The grid.</param>
    public static PrivacyLossDistribution TruncatedSampledGaussian(
        int datasetSize, double samplingProbability, int truncatedBatchSize, double noiseMultiplier,
        NeighbouringRelation relation = NeighbouringRelation.AddOrRemoveOne, PldGrid? grid = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(datasetSize);
        ArgumentOutOfRangeException.ThrowIfNegative(truncatedBatchSize);
        var whole = SampledGaussian(noiseMultiplier, samplingProbability, 1, relation, grid);
        if (samplingProbability == 0 || datasetSize == 0 || truncatedBatchSize == 0) return Identity(grid);

        // Given that the record is sampled, the batch is cut if at least the maximum of the others is sampled too.
        var cut = BinomialAtLeast(truncatedBatchSize, datasetSize - 1, samplingProbability);
        if (cut == 0) return whole;
        var sampledGivenCut = Math.Min(
            1, BinomialAtLeast(truncatedBatchSize + 1, datasetSize, samplingProbability) * truncatedBatchSize / cut / datasetSize);
        if (sampledGivenCut == 0) return whole;
        var exchanged = new PrivacyLossReplacedSample(0.5 * noiseMultiplier, sampledGivenCut);
        var term = whole.terms[0].Term;
        return Of(
            new(
                new PrivacyLossWeighted(exchanged, cut, term.Removed),
                term.Added is null ? null : new PrivacyLossWeighted(exchanged, cut, term.Added)),
            grid);
    }

    private static PrivacyLossDistribution Sampled(PrivacyLossDensity mechanism, double probability, PldGrid? grid) =>
        Sampled(mechanism, probability, added => new PrivacyLossSampled(mechanism, probability, added), grid);

    private static PrivacyLossDistribution Sampled(PrivacyLossAtoms mechanism, double probability, PldGrid? grid) =>
        Sampled(mechanism, probability, added => new PrivacyLossSampledAtoms(mechanism, probability, added), grid);

    private static PrivacyLossDistribution Sampled(
        PrivacyLossMechanism mechanism, double samplingProbability, Func<bool, PrivacyLossMechanism> direction, PldGrid? grid) =>
        Probability(samplingProbability) switch
        {
            0 => Identity(grid),
            1 => Of(new(mechanism), grid),
            _ => Of(new(direction(false), direction(true)), grid),
        };

    /// <summary>P[Binomial(n, p) >= k].</summary>
    private static double BinomialAtLeast(int k, int n, double p)
    {
        if (k <= 0) return 1;
        if (k > n) return 0;
        return p == 1 ? 1 : SpecialFunctions.BetaRegularized(k, n - k + 1.0, p);
    }

    private static double Positive(double value, [CallerArgumentExpression(nameof(value))] string? parameter = null) =>
        value > 0 && double.IsFinite(value)
            ? value : throw new ArgumentOutOfRangeException(parameter, value, $"{parameter} is finite and above 0");

    private static int Positive(int value, [CallerArgumentExpression(nameof(value))] string? parameter = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value, parameter);
        return value;
    }

    private static double Probability(
        double value, [CallerArgumentExpression(nameof(value))] string? parameter = null) =>
        value is >= 0 and <= 1 ? value : throw new ArgumentOutOfRangeException(parameter, value, $"{parameter} lies in [0, 1]");
}

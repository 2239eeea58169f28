using PersonaTune.Privacy.Accounting;

namespace PersonaTune.Privacy.Mechanisms;

/// <summary>
/// A clip norm that follows a quantile of the updates' norms (Andrew, Thakkar, McMahan and Ramaswamy 2021): each client also reports
/// whether its update stayed unclipped, the reports are summed under noise, and C moves by C exp(-eta (fraction - quantile)). Not
/// thread-safe.
/// </summary>
/// <remarks>
/// Guarantee: the update with noise multiplier <see cref="UpdateMultiplier"/> and the count with noise of deviation sigma_b together cost
/// as much as one Gaussian of the multiplier z, under adding or removing one client: the report is b - 1/2, so the count has sensitivity
/// 1/2 (theorem 1 of the paper). Only <see cref="Update"/>'s noised count may reach this type: a norm that moves by the true count is not
/// private.
/// </remarks>
public sealed class AdaptiveClip
{
    private readonly AdaptiveClipOptions _options;

    /// <summary>A clip norm that begins at <see cref="AdaptiveClipOptions.InitialNorm"/>.</summary>
    /// <param name="options">How it moves.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option lies outside its range.</exception>
    public AdaptiveClip(AdaptiveClipOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
        Norm = options.InitialNorm;
    }

    /// <summary>The norm C to clip to in this round; public.</summary>
    public double Norm { get; private set; }

    /// <summary>
    /// The noise multiplier that is left for the update if update and count together shall cost a Gaussian of multiplier
    /// <paramref name="noiseMultiplier"/>: (z^-2 - (2 sigma_b)^-2)^(-1/2).
    /// </summary>
    /// <param name="noiseMultiplier">The total z, above 0.</param>
    /// <param name="countNoise">The count's standard deviation sigma_b, above z / 2.</param>
    /// <exception cref="ArgumentOutOfRangeException">The count alone costs more than the total.</exception>
    public static double UpdateMultiplier(double noiseMultiplier, double countNoise)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(noiseMultiplier);
        var ratio = noiseMultiplier / (2 * countNoise);
        if (!(ratio is >= 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(countNoise), countNoise, FormattableString.Invariant(
                $"adaptive clip: count noise is {countNoise}, expected above {noiseMultiplier} / 2; raise the count noise"));
        return noiseMultiplier / Math.Sqrt((1 - ratio) * (1 + ratio));
    }

    /// <summary>What one client adds to the count: 1/2 if its update's norm is at most C, otherwise -1/2.</summary>
    /// <param name="updateNorm">The norm before clipping.</param>
    public double Report(double updateNorm) => updateNorm <= Norm ? 0.5 : -0.5;

    /// <summary>Moves the norm after a round.</summary>
    /// <param name="noisedReportSum">The sum of all reports plus noise of deviation <see cref="AdaptiveClipOptions.CountNoise"/>.</param>
    /// <param name="clients">The public number of clients the sum is divided by, above 0.</param>
    public void Update(double noisedReportSum, int clients)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(clients);
        if (!double.IsFinite(noisedReportSum))
            throw new ArgumentOutOfRangeException(nameof(noisedReportSum), noisedReportSum,
                "adaptive clip: the noised sum is not finite; discard the round");
        // The reports are centred, which halves their sensitivity; the fraction adds the half back.
        var fraction = (noisedReportSum / clients) + 0.5;
        Norm = Math.Clamp(Norm * Math.Exp(-_options.LearningRate * (fraction - _options.TargetQuantile)), _options.SmallestNorm,
            _options.LargestNorm);
    }

    /// <summary>What an accountant must know of one round whose update has noise multiplier <paramref name="updateMultiplier"/>.</summary>
    /// <param name="updateMultiplier">The update's noise deviation divided by <see cref="Norm"/>.</param>
    public PrivacyEvent Event(double updateMultiplier) =>
        _options.CountNoise == 0 || updateMultiplier == 0
            ? new NonPrivateEvent()
            : new ComposedEvent([new GaussianEvent(updateMultiplier), new GaussianEvent(2 * _options.CountNoise)]);
}

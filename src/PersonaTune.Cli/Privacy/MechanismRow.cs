using System.Globalization;
using PersonaTune.Privacy.Accounting;

namespace PersonaTune.Cli.Privacy;

/// <summary>One mechanism, subsampled and repeated, as a row of a table states it.</summary>
/// <param name="Mechanism">One of <see cref="Mechanisms"/>.</param>
/// <param name="Sigma">Noise multiplier, or scale over sensitivity for Laplace; in integer units with sensitivity 1 for the discrete Gaussian.</param>
/// <param name="SamplingRate">Poisson sampling probability, above 0 to 1.</param>
/// <param name="Steps">Repetitions.</param>
/// <param name="Delta">Delta.</param>
internal sealed record MechanismRow(string Mechanism, double Sigma, double SamplingRate, long Steps, double Delta)
{
    public static readonly string[] Mechanisms = ["gaussian", "laplace", "discrete-gaussian"];

    public PrivacyEvent Event
    {
        get
        {
            PrivacyEvent noise = Mechanism switch
            {
                "gaussian" => new GaussianEvent(Sigma),
                "laplace" => new LaplaceEvent(Sigma),
                _ => new DiscreteGaussianEvent(Sigma, 1, 1),
            };
            return SamplingRate >= 1 ? noise : new PoissonSampledEvent(SamplingRate, noise);
        }
    }

    /// <summary>Checks the ranges; returns what is wrong, or null.</summary>
    public string? Problem() =>
        !Mechanisms.Contains(Mechanism, StringComparer.Ordinal) ? $"mechanism '{Mechanism}', expected one of {string.Join(", ", Mechanisms)}"
        : !(Sigma > 0 && double.IsFinite(Sigma)) ? Wrong("sigma", Sigma, "a number above 0")
        : !(SamplingRate is > 0 and <= 1) ? Wrong("q", SamplingRate, "above 0 to 1")
        : Steps < 1 ? Wrong("steps", Steps, "1 or more")
        : !(Delta is > 0 and < 1) ? Wrong("delta", Delta, "above 0 and below 1")
        : null;

    private static string Wrong(string name, double value, string expected) => string.Create(CultureInfo.InvariantCulture, $"{name} {value}, expected {expected}");
}

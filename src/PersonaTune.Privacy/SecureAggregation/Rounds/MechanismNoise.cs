using PersonaTune.Privacy.Mechanisms;

namespace PersonaTune.Privacy.SecureAggregation.Rounds;

/// <summary>
/// Noise shares from the integer mechanisms of this library (<see cref="DiscreteGaussianNoise"/>, <see cref="SkellamNoise"/>); their documentation states
/// the law and how close the samplers come to it. The tables of the last law are kept. Thread-safe if the source is.
/// </summary>
/// <remarks>
/// Guarantee: the sum of the surviving honest devices' shares carries at least <see cref="RoundConfiguration.GuaranteedNoiseSigma"/>. A sum of discrete
/// Gaussians is only close to one: account it as <see cref="Accounting.DistributedDiscreteGaussianEvent"/>; a sum of Skellams is a Skellam.
/// </remarks>
/// <param name="source">Random bytes; null for the system's cryptographic generator (default). Others are for tests.</param>
public sealed class MechanismNoise(INoiseSource? source = null) : IReportNoise
{
    private readonly Lock _lock = new();
    private (NoiseKind Kind, double Sigma, IntegerNoise Law)? _last;

    /// <inheritdoc/>
    public bool Supports(NoiseKind kind) => kind is NoiseKind.DiscreteGaussian or NoiseKind.Skellam;

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The kind is none, or sigma is out of the law's range.</exception>
    /// <exception cref="OverflowException">A sum leaves the range of 32 bits; the report must not be sent.</exception>
    public void AddTo(Span<int> values, NoiseKind kind, double sigma)
    {
        var law = Law(kind, sigma);
        if (source is not null)
        {
            law.AddTo(source, values);
            return;
        }

        using var system = new CryptographicNoiseSource();
        law.AddTo(system, values);
    }

    private IntegerNoise Law(NoiseKind kind, double sigma)
    {
        lock (_lock)
        {
            if (_last is { } known && known.Kind == kind && known.Sigma == sigma) return known.Law;
            IntegerNoise law = kind switch
            {
                NoiseKind.DiscreteGaussian => new DiscreteGaussianNoise(sigma),
                NoiseKind.Skellam => new SkellamNoise(sigma * sigma),
                _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "expected discrete Gaussian or Skellam noise"),
            };
            _last = (kind, sigma, law);
            return law;
        }
    }
}

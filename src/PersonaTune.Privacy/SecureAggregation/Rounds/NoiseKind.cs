namespace PersonaTune.Privacy.SecureAggregation.Rounds;

/// <summary>The distribution of the noise share that each device adds to its encoded report.</summary>
public enum NoiseKind
{
    /// <summary>None: the sum is exact and carries no differential privacy. For tests and for data that is not personal.</summary>
    None = 0,

    /// <summary>The discrete Gaussian (Canonne, Kamath, Steinke 2020).</summary>
    DiscreteGaussian = 1,

    /// <summary>The Skellam distribution (Agarwal, Kairouz, Liu 2021), closed under addition.</summary>
    Skellam = 2,
}

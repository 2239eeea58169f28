using System.Text.Json.Serialization;
using PersonaTune.Protocol.Wire;

namespace PersonaTune.Protocol.Tasks;

/// <summary>The distribution of integer noise.</summary>
[JsonConverter(typeof(KebabCaseEnumConverter<NoiseLaw>))]
public enum NoiseLaw
{
    /// <summary>Discrete Gaussian.</summary>
    DiscreteGaussian,

    /// <summary>Skellam, closed under addition.</summary>
    Skellam,
}

using System.Text.Json.Serialization;
using PersonaTune.Protocol.Wire;

namespace PersonaTune.Protocol.Tasks;

/// <summary>Where the noise comes from.</summary>
[JsonConverter(typeof(KebabCaseEnumConverter<PrivacyKind>))]
public enum PrivacyKind
{
    /// <summary>No noise: releases carry no differential privacy. For data that is not personal, and as a baseline.</summary>
    None,

    /// <summary>The aggregator adds noise to the sum; it is trusted to do so.</summary>
    Central,

    /// <summary>Each device adds all the noise that protects it; nobody is trusted.</summary>
    Local,

    /// <summary>Each device adds a share of the noise; the sum that secure aggregation reveals carries enough of it.</summary>
    Distributed,
}

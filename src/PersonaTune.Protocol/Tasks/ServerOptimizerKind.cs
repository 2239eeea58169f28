using System.Text.Json.Serialization;
using PersonaTune.Protocol.Wire;

namespace PersonaTune.Protocol.Tasks;

/// <summary>How the aggregator turns the mean update into the next global adapter (Reddi et al. 2021).</summary>
[JsonConverter(typeof(KebabCaseEnumConverter<ServerOptimizerKind>))]
public enum ServerOptimizerKind
{
    /// <summary>Federated averaging: a step along the mean update, with momentum if it is asked for.</summary>
    FedAvg,

    /// <summary>Adam on the mean update.</summary>
    FedAdam,

    /// <summary>Yogi on the mean update.</summary>
    FedYogi,
}

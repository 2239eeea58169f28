using System.Text.Json.Serialization;
using PersonaTune.Protocol.Wire;

namespace PersonaTune.Protocol.Tasks;

/// <summary>How reports are summed.</summary>
[JsonConverter(typeof(KebabCaseEnumConverter<AggregationKind>))]
public enum AggregationKind
{
    /// <summary>The aggregator sees each report. For public data, for local differential privacy, and as a baseline.</summary>
    Plain,

    /// <summary>Single-server secure aggregation in cohorts: the aggregator sees sums only.</summary>
    Secure,
}

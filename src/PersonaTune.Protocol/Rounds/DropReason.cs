using System.Text.Json.Serialization;
using PersonaTune.Protocol.Wire;

namespace PersonaTune.Protocol.Rounds;

/// <summary>Why a device's participation ended early.</summary>
[JsonConverter(typeof(KebabCaseEnumConverter<DropReason>))]
public enum DropReason
{
    /// <summary>It did not answer before its stage closed.</summary>
    Late,

    /// <summary>Enough others were faster.</summary>
    NotNeeded,

    /// <summary>It left, for example because its user withdrew consent.</summary>
    Left,

    /// <summary>It sent what the protocol forbids.</summary>
    Misbehaved,

    /// <summary>Its cohort was abandoned.</summary>
    CohortAbandoned,
}

using System.Text.Json.Serialization;
using PersonaTune.Protocol.Wire;

namespace PersonaTune.Protocol.Rounds;

/// <summary>How far a device has come in a round.</summary>
[JsonConverter(typeof(KebabCaseEnumConverter<ParticipationState>))]
public enum ParticipationState
{
    /// <summary>It has a seat.</summary>
    Offered,

    /// <summary>It trained and advertised its keys.</summary>
    Joined,

    /// <summary>It opened its nonce.</summary>
    Keyed,

    /// <summary>It shared its secrets.</summary>
    Shared,

    /// <summary>Its report is complete.</summary>
    Submitted,

    /// <summary>It confirmed the survivors.</summary>
    Confirmed,

    /// <summary>It revealed its shares: nothing more is asked of it.</summary>
    Unmasked,

    /// <summary>It left or was left out; see the reason.</summary>
    Dropped,
}

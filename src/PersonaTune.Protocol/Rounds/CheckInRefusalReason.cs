using System.Text.Json.Serialization;
using PersonaTune.Protocol.Wire;

namespace PersonaTune.Protocol.Rounds;

/// <summary>Why a device got no seat.</summary>
[JsonConverter(typeof(KebabCaseEnumConverter<CheckInRefusalReason>))]
public enum CheckInRefusalReason
{
    /// <summary>No round recruits now.</summary>
    NotRecruiting,

    /// <summary>All seats are taken.</summary>
    RoundFull,

    /// <summary>The device had a seat in this attempt before.</summary>
    AlreadySeated,

    /// <summary>The device took part too short a time ago.</summary>
    TooSoon,

    /// <summary>The device has another base model.</summary>
    WrongModel,

    /// <summary>The device would train another layout.</summary>
    WrongSchema,

    /// <summary>The rank is outside the task's range.</summary>
    WrongRank,

    /// <summary>The device checked another version of the task.</summary>
    StaleTask,

    /// <summary>The task is not open.</summary>
    TaskClosed,
}

using System.Text.Json.Serialization;
using PersonaTune.Protocol.Wire;

namespace PersonaTune.Protocol.Tasks;

/// <summary>Where a task stands.</summary>
[JsonConverter(typeof(KebabCaseEnumConverter<TaskState>))]
public enum TaskState
{
    /// <summary>Written, not offered to devices.</summary>
    Draft,

    /// <summary>Rounds run.</summary>
    Open,

    /// <summary>No new round begins; the running one goes on.</summary>
    Paused,

    /// <summary>All rounds were published.</summary>
    Completed,

    /// <summary>Ended by the operator.</summary>
    Cancelled,

    /// <summary>Another round would exceed the privacy budget.</summary>
    BudgetExhausted,
}

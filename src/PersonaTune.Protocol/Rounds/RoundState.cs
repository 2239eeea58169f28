using System.Text.Json.Serialization;
using PersonaTune.Protocol.Wire;

namespace PersonaTune.Protocol.Rounds;

/// <summary>
/// Where a round, or one cohort of it, stands. A round stands where the slowest of its living cohorts does; the last four states are the round's alone.
/// </summary>
[JsonConverter(typeof(KebabCaseEnumConverter<RoundState>))]
public enum RoundState
{
    /// <summary>Devices check in, train and advertise keys.</summary>
    Recruiting,

    /// <summary>Devices open their nonces, which fixes the graph.</summary>
    Keying,

    /// <summary>Devices share their secrets among neighbours.</summary>
    Sharing,

    /// <summary>Devices upload reports.</summary>
    Collecting,

    /// <summary>Survivors confirm who reported.</summary>
    Confirming,

    /// <summary>Survivors reveal what unmasks the sum.</summary>
    Unmasking,

    /// <summary>The cohort's sum is known; the round waits for its other cohorts or computes the candidate.</summary>
    Aggregating,

    /// <summary>The candidate is being evaluated.</summary>
    Validating,

    /// <summary>Released, and paid for, in one transaction.</summary>
    Published,

    /// <summary>Ended without a release; nothing was spent.</summary>
    Abandoned,
}

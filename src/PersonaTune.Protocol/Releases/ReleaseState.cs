using System.Text.Json.Serialization;
using PersonaTune.Protocol.Wire;

namespace PersonaTune.Protocol.Releases;

/// <summary>Who gets a release.</summary>
[JsonConverter(typeof(KebabCaseEnumConverter<ReleaseState>))]
public enum ReleaseState
{
    /// <summary>A fraction of the devices.</summary>
    Canary,

    /// <summary>Everybody.</summary>
    Live,

    /// <summary>Nobody any more: a later one took its place.</summary>
    Superseded,

    /// <summary>Nobody any more: it was withdrawn.</summary>
    RolledBack,
}

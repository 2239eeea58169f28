using System.Text.Json.Serialization;

namespace PersonaTune.Device.Adapters;

/// <summary>One adapter's row of the index.</summary>
/// <param name="Number">Position in order of creation; fixed.</param>
/// <param name="Id">Adapter id.</param>
/// <param name="ParentId">Its parent, so that ancestors are found without opening manifests.</param>
/// <param name="State">State.</param>
/// <param name="Reason">Why.</param>
/// <param name="Changed">Since when.</param>
internal sealed record AdapterIndexItem(long Number, string Id, string? ParentId, AdapterState State, string Reason, DateTimeOffset Changed)
{
    /// <summary>Whether its weights are kept.</summary>
    [JsonIgnore]
    public bool HasWeights => State is not (AdapterState.Invalidated or AdapterState.Rejected);

    /// <summary>Whether a rollback may return to it.</summary>
    [JsonIgnore]
    public bool CanReturn => State is AdapterState.Superseded;
}

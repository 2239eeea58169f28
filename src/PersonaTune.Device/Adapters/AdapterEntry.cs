namespace PersonaTune.Device.Adapters;

/// <summary>One adapter as the library lists it.</summary>
/// <param name="Manifest">Lineage, its signature verified.</param>
/// <param name="State">State now.</param>
/// <param name="StateReason">Why it is in this state, in one sentence.</param>
/// <param name="Changed">When it came into this state.</param>
/// <param name="SignedBy">Id of the device key that signed the manifest.</param>
public sealed record AdapterEntry(AdapterManifest Manifest, AdapterState State, string StateReason, DateTimeOffset Changed, string SignedBy)
{
    /// <summary>Identifier.</summary>
    public string Id => Manifest.Id;

    /// <summary>Whether its weights are still stored.</summary>
    public bool HasWeights => State is not (AdapterState.Invalidated or AdapterState.Rejected);
}

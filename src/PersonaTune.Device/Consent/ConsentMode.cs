namespace PersonaTune.Device.Consent;

/// <summary>What counts as consent where no receipt was recorded.</summary>
public enum ConsentMode
{
    /// <summary>Nothing: every purpose needs a receipt.</summary>
    Explicit,

    /// <summary>
    /// For <see cref="ConsentPurpose.Personalization"/> alone, that the application put the user's examples into the store: nothing
    /// leaves the device, and the adapter serves that user only. A withdrawal still ends it. Every other purpose needs a receipt.
    /// </summary>
    ImplicitPersonalization,
}

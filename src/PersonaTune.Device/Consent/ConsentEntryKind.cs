namespace PersonaTune.Device.Consent;

/// <summary>What an entry of the consent ledger records. The numbers are stored.</summary>
public enum ConsentEntryKind : byte
{
    /// <summary>Consent was given: the entry holds the receipt.</summary>
    Given = 1,

    /// <summary>Consent was withdrawn: the entry names the receipt.</summary>
    Withdrawn = 2,
}

namespace PersonaTune.Device.Storage;

/// <summary>What a record is; part of its key's derivation and associated data. The numbers are stored.</summary>
internal enum RecordClass : byte
{
    Catalog = 0,
    Example = 1,
    Blob = 2,
    Consent = 3,
    PrivacyLedger = 4,
}

namespace PersonaTune.Device.Storage;

/// <summary>A record as a database holds it.</summary>
/// <param name="Place">Its place.</param>
/// <param name="Sealed">Its sealed bytes.</param>
/// <param name="Sequence">Its position in the order of insertion, given by the database; ignored when writing.</param>
public sealed record SealedRow(RecordPlace Place, byte[] Sealed, long Sequence = 0);

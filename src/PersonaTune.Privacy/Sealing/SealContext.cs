namespace PersonaTune.Privacy.Sealing;

/// <summary>
/// Where a sealed record belongs. Its encoding is the associated data of the record's encryption, so that a record opens
/// only in its own store, collection, place, user, schema and version: it cannot be moved, replayed or retyped.
/// </summary>
/// <param name="Class">What the record is, for example "example" or "blob"; also part of its key's derivation.</param>
/// <param name="Store">The store's identity.</param>
/// <param name="Collection">The collection's name.</param>
/// <param name="Record">The record's identity.</param>
/// <param name="User">The user's name.</param>
/// <param name="Schema">The version of the record's plaintext layout.</param>
/// <param name="Version">The record's version.</param>
public sealed record SealContext(
    string Class, ReadOnlyMemory<byte> Store, string Collection, ReadOnlyMemory<byte> Record, string User, int Schema, long Version)
{
    /// <summary>How errors name the record.</summary>
    public string Subject => $"{Class} {Convert.ToHexStringLower(Record.Span)}";

    /// <summary>The associated data: every field preceded by its length.</summary>
    public byte[] Encode()
    {
        using var writer = new SealWriter();
        writer.WriteText("PersonaTune/seal/1");
        writer.WriteText(Class);
        writer.WriteField(Store.Span);
        writer.WriteText(Collection);
        writer.WriteField(Record.Span);
        writer.WriteText(User);
        writer.WriteInt32(Schema);
        writer.WriteInt64(Version);
        return writer.ToArray();
    }
}

using System.Buffers.Binary;

namespace PersonaTune.Device.Storage;

/// <summary>What a database sees of a record besides its sealed bytes. The tags are opaque and have 16 bytes each.</summary>
/// <param name="Id">The record's random identity.</param>
/// <param name="UserTag">Stands for the user.</param>
/// <param name="CollectionTag">Stands for the collection of that user.</param>
/// <param name="Version">The number of the commit that wrote it; never reused.</param>
public sealed record RecordPlace(RecordId Id, byte[] UserTag, byte[] CollectionTag, long Version)
{
    /// <summary>Bytes of a tag.</summary>
    public const int TagLength = 16;

    /// <summary>The element that stands for the record in the store's multiset hash: every field has a fixed length.</summary>
    internal byte[] Encode()
    {
        var bytes = new byte[RecordId.Length + 8 + (2 * TagLength)];
        Id.Write(bytes);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(RecordId.Length), Version);
        UserTag.CopyTo(bytes, RecordId.Length + 8);
        CollectionTag.CopyTo(bytes, RecordId.Length + 8 + TagLength);
        return bytes;
    }
}

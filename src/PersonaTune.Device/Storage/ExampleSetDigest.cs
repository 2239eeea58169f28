using System.Security.Cryptography;

namespace PersonaTune.Device.Storage;

/// <summary>
/// The digest of a set of examples, independent of their order: SHA-256 over their count and their sorted leaves
/// <c>SHA-256(id || content hash)</c>. It names in an adapter's lineage what the adapter learned from. Because the random ids
/// are part of it, it tells nothing about the contents to whoever lacks the ids.
/// </summary>
public static class ExampleSetDigest
{
    /// <summary>Bytes of a digest.</summary>
    public const int Length = 32;

    /// <summary>The digest of <paramref name="examples"/>.</summary>
    public static byte[] Compute(IEnumerable<Example> examples)
    {
        ArgumentNullException.ThrowIfNull(examples);
        return Compute(examples.Select(e => (e.Id, e.ContentHash())));
    }

    /// <summary>The digest of identities with their content hashes of 32 bytes (<see cref="Example.ContentHash"/>).</summary>
    public static byte[] Compute(IEnumerable<(RecordId Id, byte[] ContentHash)> examples)
    {
        ArgumentNullException.ThrowIfNull(examples);
        var leaves = new List<byte[]>();
        Span<byte> leaf = stackalloc byte[RecordId.Length + 32];
        foreach (var (id, contentHash) in examples)
        {
            if (contentHash.Length != 32)
                throw new ArgumentException($"the content hash of {id} has {contentHash.Length} bytes, expected 32", nameof(examples));
            id.Write(leaf);
            contentHash.CopyTo(leaf[RecordId.Length..]);
            leaves.Add(SHA256.HashData(leaf));
        }
        leaves.Sort(static (x, y) => x.AsSpan().SequenceCompareTo(y));
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData("PersonaTune/examples/1"u8);
        Span<byte> count = stackalloc byte[8];
        System.Buffers.Binary.BinaryPrimitives.WriteInt64LittleEndian(count, leaves.Count);
        hash.AppendData(count);
        foreach (var bytes in leaves) hash.AppendData(bytes);
        return hash.GetHashAndReset();
    }
}

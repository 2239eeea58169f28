using System.Security.Cryptography;
using System.Text;

namespace PersonaTune.Device.Storage;

/// <summary>One example that a model may learn from, as it comes out of the store.</summary>
/// <param name="Id">Its identity.</param>
/// <param name="User">Whose it is.</param>
/// <param name="Collection">Its collection.</param>
/// <param name="Kind">What its content is.</param>
/// <param name="Time">When it was made (UTC, 100 ns).</param>
/// <param name="Content">Its content.</param>
public sealed record Example(RecordId Id, string User, string Collection, ExampleKind Kind, DateTimeOffset Time, ReadOnlyMemory<byte> Content)
{
    /// <summary>The content read as UTF-8.</summary>
    public string Text => Encoding.UTF8.GetString(Content.Span);

    /// <summary>SHA-256 of kind, time and content, for <see cref="ExampleSetDigest"/>.</summary>
    public byte[] ContentHash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> head = stackalloc byte[9];
        head[0] = (byte)Kind;
        System.Buffers.Binary.BinaryPrimitives.WriteInt64LittleEndian(head[1..], Time.UtcTicks);
        hash.AppendData(head);
        hash.AppendData(Content.Span);
        return hash.GetHashAndReset();
    }
}

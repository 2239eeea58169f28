using System.Buffers.Binary;

namespace PersonaTune.Privacy.Sealing;

/// <summary>
/// The layout that <see cref="HpkeSealingStream"/> writes. Header: <c>PTHS</c>, version 1, encapsulated key 65. Then chunks:
/// last flag 1 (0 or 1), length 4 little-endian, ciphertext, tag 16. Every chunk but the last has <see cref="ChunkLength"/>
/// bytes; the last has 1 to that many, or none where it is the only one, so that a plaintext has one division into chunks.
/// A chunk is message i of the HPKE context, and its associated data is i, the flag and the length.
/// </summary>
internal static class HpkeStreamFormat
{
    public const int ChunkLength = 1 << 20;
    public const int HeaderLength = 5 + Hpke.EncapsulatedKeyLength;
    public const int ChunkHeaderLength = 5;
    public const int AssociatedDataLength = sizeof(ulong) + ChunkHeaderLength;
    public const byte Version = 1;

    public static ReadOnlySpan<byte> Magic => "PTHS"u8;

    /// <summary>The context's info: the format, and what the caller says the stream is.</summary>
    public static byte[] Info(string purpose)
    {
        using var writer = new SealWriter();
        writer.WriteText("PersonaTune/hpke-stream/1");
        writer.WriteText(purpose);
        return writer.ToArray();
    }

    public static void WriteAssociatedData(ulong index, ReadOnlySpan<byte> chunkHeader, Span<byte> output)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(output, index);
        chunkHeader.CopyTo(output[sizeof(ulong)..]);
    }
}

using System.Security.Cryptography;

namespace PersonaTune.Device.Keys;

/// <summary>A store's identity: 128 random bits, bound into everything that it seals.</summary>
/// <param name="Value">The bits.</param>
public readonly record struct StoreId(UInt128 Value)
{
    /// <summary>Bytes of an identity.</summary>
    public const int Length = 16;

    /// <summary>A fresh identity from the system's generator.</summary>
    public static StoreId Create()
    {
        Span<byte> bytes = stackalloc byte[Length];
        RandomNumberGenerator.Fill(bytes);
        return Read(bytes);
    }

    /// <summary>Reads 16 bytes, big-endian.</summary>
    public static StoreId Read(ReadOnlySpan<byte> bytes) =>
        new(System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes));

    /// <summary>The 16 bytes, big-endian.</summary>
    public byte[] ToArray()
    {
        var bytes = new byte[Length];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes, Value);
        return bytes;
    }

    /// <summary>32 lower-case hexadecimal digits.</summary>
    public override string ToString() => Convert.ToHexStringLower(ToArray());
}

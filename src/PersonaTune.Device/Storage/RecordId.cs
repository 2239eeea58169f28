using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace PersonaTune.Device.Storage;

/// <summary>A record's identity: 128 random bits, so it tells nothing about the record. Comparable, for stable orders.</summary>
/// <param name="Value">The bits.</param>
public readonly record struct RecordId(UInt128 Value) : IComparable<RecordId>
{
    /// <summary>Bytes of an identity.</summary>
    public const int Length = 16;

    /// <summary>A fresh identity from the system's generator.</summary>
    public static RecordId Create()
    {
        Span<byte> bytes = stackalloc byte[Length];
        RandomNumberGenerator.Fill(bytes);
        return Read(bytes);
    }

    /// <summary>Reads 16 bytes, big-endian.</summary>
    public static RecordId Read(ReadOnlySpan<byte> bytes) => new(BinaryPrimitives.ReadUInt128BigEndian(bytes));

    /// <summary>Parses what <see cref="ToString"/> wrote.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out RecordId id)
    {
        id = default;
        if (text is not { Length: 2 * Length }) return false;
        Span<byte> bytes = stackalloc byte[Length];
        if (Convert.FromHexString(text, bytes, out _, out _) != System.Buffers.OperationStatus.Done) return false;
        id = Read(bytes);
        return true;
    }

    /// <summary>Writes the 16 bytes, big-endian.</summary>
    public void Write(Span<byte> bytes) => BinaryPrimitives.WriteUInt128BigEndian(bytes, Value);

    /// <summary>The 16 bytes, big-endian.</summary>
    public byte[] ToArray()
    {
        var bytes = new byte[Length];
        Write(bytes);
        return bytes;
    }

    /// <inheritdoc/>
    public int CompareTo(RecordId other) => Value.CompareTo(other.Value);

    /// <summary>32 lower-case hexadecimal digits.</summary>
    public override string ToString() => Convert.ToHexStringLower(ToArray());

    /// <summary>Order by value.</summary>
    public static bool operator <(RecordId left, RecordId right) => left.Value < right.Value;

    /// <summary>Order by value.</summary>
    public static bool operator >(RecordId left, RecordId right) => left.Value > right.Value;

    /// <summary>Order by value.</summary>
    public static bool operator <=(RecordId left, RecordId right) => left.Value <= right.Value;

    /// <summary>Order by value.</summary>
    public static bool operator >=(RecordId left, RecordId right) => left.Value >= right.Value;
}

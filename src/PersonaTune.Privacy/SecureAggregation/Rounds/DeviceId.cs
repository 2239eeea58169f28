using System.Buffers.Binary;
using System.Security.Cryptography;

namespace PersonaTune.Privacy.SecureAggregation.Rounds;

/// <summary>
/// A party of the protocol: the first 16 bytes of SHA-256("PT-SA/1 id" || its 65-byte P-256 identity key), so that an id cannot be
/// claimed without the key. Ids are ordered bytewise.
/// </summary>
public readonly record struct DeviceId : IComparable<DeviceId>
{
    /// <summary>Bytes of an id.</summary>
    public const int Length = PairwiseKeys.IdLength;

    private readonly UInt128 _value;

    private DeviceId(UInt128 value) => _value = value;

    /// <summary>The id of the holder of <paramref name="identityKey"/>, an encoded point as in <see cref="P256Point"/>.</summary>
    public static DeviceId Of(ReadOnlySpan<byte> identityKey)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData("PT-SA/1 id"u8);
        hash.AppendData(identityKey);
        return Read(hash.GetHashAndReset().AsSpan(0, Length));
    }

    /// <summary>The id that 16 bytes spell.</summary>
    public static DeviceId Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Length) throw new ArgumentException($"an id has {Length} bytes, got {bytes.Length}", nameof(bytes));
        return new DeviceId(BinaryPrimitives.ReadUInt128BigEndian(bytes));
    }

    /// <summary>The 16 bytes.</summary>
    public byte[] ToArray()
    {
        var bytes = new byte[Length];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, _value);
        return bytes;
    }

    /// <inheritdoc/>
    public int CompareTo(DeviceId other) => _value.CompareTo(other._value);

    /// <summary>Whether <paramref name="left"/> comes first.</summary>
    public static bool operator <(DeviceId left, DeviceId right) => left.CompareTo(right) < 0;

    /// <summary>Whether <paramref name="left"/> comes first or both are the same.</summary>
    public static bool operator <=(DeviceId left, DeviceId right) => left.CompareTo(right) <= 0;

    /// <summary>Whether <paramref name="right"/> comes first.</summary>
    public static bool operator >(DeviceId left, DeviceId right) => left.CompareTo(right) > 0;

    /// <summary>Whether <paramref name="right"/> comes first or both are the same.</summary>
    public static bool operator >=(DeviceId left, DeviceId right) => left.CompareTo(right) >= 0;

    /// <summary>The bytes in hexadecimal.</summary>
    public override string ToString() => Convert.ToHexStringLower(ToArray());
}

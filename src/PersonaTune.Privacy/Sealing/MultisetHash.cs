using System.Buffers.Binary;
using System.Security.Cryptography;

namespace PersonaTune.Privacy.Sealing;

/// <summary>
/// An incremental hash of a multiset that does not depend on order: the sum, modulo 2^256, of HMAC-SHA256 of its elements
/// (MSet-Add-Hash, Clarke et al. 2003). Adding and removing cost one HMAC each. Immutable.
/// </summary>
/// <remarks>
/// Collision-resistant against whoever lacks the key, provided that the value itself is kept sealed or authenticated: sums of
/// known values can be combined, so a value must never be published.
/// </remarks>
public readonly struct MultisetHash : IEquatable<MultisetHash>
{
    /// <summary>Bytes of a value.</summary>
    public const int Length = 32;

    private readonly ulong _w0;
    private readonly ulong _w1;
    private readonly ulong _w2;
    private readonly ulong _w3;

    private MultisetHash(ulong w0, ulong w1, ulong w2, ulong w3) => (_w0, _w1, _w2, _w3) = (w0, w1, w2, w3);

    /// <summary>The hash of the empty multiset.</summary>
    public static MultisetHash Empty => default;

    /// <summary>Reads a value of 32 bytes.</summary>
    public static MultisetHash Read(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt64LittleEndian(bytes), BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]),
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]), BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]));

    /// <summary>Writes the value's 32 bytes.</summary>
    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, _w0);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], _w1);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[16..], _w2);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[24..], _w3);
    }

    /// <summary>The hash with <paramref name="element"/> added once.</summary>
    public MultisetHash Add(ReadOnlySpan<byte> key, ReadOnlySpan<byte> element)
    {
        var h = Term(key, element);
        UInt128 sum = (UInt128)_w0 + h._w0;
        var w0 = (ulong)sum;
        sum = (UInt128)_w1 + h._w1 + (sum >> 64);
        var w1 = (ulong)sum;
        sum = (UInt128)_w2 + h._w2 + (sum >> 64);
        return new MultisetHash(w0, w1, (ulong)sum, _w3 + h._w3 + (ulong)(sum >> 64));
    }

    /// <summary>The hash with <paramref name="element"/> removed once; it must have been added.</summary>
    public MultisetHash Remove(ReadOnlySpan<byte> key, ReadOnlySpan<byte> element)
    {
        var h = Term(key, element);
        var w0 = _w0 - h._w0;
        ulong borrow = _w0 < h._w0 ? 1u : 0u;
        var w1 = _w1 - h._w1 - borrow;
        borrow = (UInt128)_w1 < (UInt128)h._w1 + borrow ? 1u : 0u;
        var w2 = _w2 - h._w2 - borrow;
        borrow = (UInt128)_w2 < (UInt128)h._w2 + borrow ? 1u : 0u;
        return new MultisetHash(w0, w1, w2, _w3 - h._w3 - borrow);
    }

    /// <inheritdoc/>
    public bool Equals(MultisetHash other) => _w0 == other._w0 && _w1 == other._w1 && _w2 == other._w2 && _w3 == other._w3;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is MultisetHash other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_w0, _w1, _w2, _w3);

    /// <summary>Equality of values.</summary>
    public static bool operator ==(MultisetHash left, MultisetHash right) => left.Equals(right);

    /// <summary>Inequality of values.</summary>
    public static bool operator !=(MultisetHash left, MultisetHash right) => !left.Equals(right);

    private static MultisetHash Term(ReadOnlySpan<byte> key, ReadOnlySpan<byte> element)
    {
        Span<byte> hash = stackalloc byte[32];
        HMACSHA256.HashData(key, element, hash);
        return Read(hash);
    }
}

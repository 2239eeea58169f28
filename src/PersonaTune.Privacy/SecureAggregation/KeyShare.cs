using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace PersonaTune.Privacy.SecureAggregation;

/// <summary>
/// One share of a secret: the position X and, for each seven-byte limb of the secret, the polynomial's value there. Encoded as
/// X in four bytes, then eight bytes a limb, little-endian. A share is secret; dispose it when it has been sent or used.
/// </summary>
public sealed class KeyShare : IDisposable
{
    /// <summary>The largest position.</summary>
    public const int MaxPosition = ushort.MaxValue;

    private readonly ulong[] _limbs;

    /// <summary>Creates a share at <paramref name="x"/>; the limbs are copied.</summary>
    /// <exception cref="ShareException">The position is out of range or a value is not below p.</exception>
    public KeyShare(int x, ReadOnlySpan<ulong> limbs)
    {
        if (x is < 1 or > MaxPosition)
            throw new ShareException(ShareDefect.PositionOutOfRange, 0,
                $"a position is 1 to {MaxPosition}, got {x}; ask its sender for a valid share");
        foreach (var limb in limbs)
        {
            if (!Field61.IsElement(limb))
                throw new ShareException(ShareDefect.ValueOutOfField, x, "a value is not below 2^61 - 1; drop the share");
        }

        X = x;
        _limbs = GC.AllocateArray<ulong>(limbs.Length, pinned: true);
        limbs.CopyTo(_limbs);
    }

    /// <summary>The position, from 1: the receiver's place among the sorted neighbours of the secret's owner.</summary>
    public int X { get; }

    /// <summary>The polynomials' values at X, one a limb; zeros after disposal.</summary>
    public ReadOnlySpan<ulong> Limbs => _limbs;

    /// <summary>The bytes of an encoded share of a secret of <paramref name="secretLength"/> bytes (44 for 32).</summary>
    public static int EncodedLength(int secretLength) => 4 + 8 * ShamirSharing.LimbCount(secretLength);

    /// <summary>The fixed encoding.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[4 + 8 * _limbs.Length];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, X);
        for (var i = 0; i < _limbs.Length; i++) BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(4 + 8 * i), _limbs[i]);
        return bytes;
    }

    /// <summary>Reads the encoding of a share of a secret of <paramref name="secretLength"/> bytes.</summary>
    /// <exception cref="ShareException">The length, the position or a value is wrong.</exception>
    public static KeyShare Parse(ReadOnlySpan<byte> encoded, int secretLength)
    {
        if (encoded.Length != EncodedLength(secretLength))
        {
            throw new ShareException(ShareDefect.WrongLength, 0,
                $"a share of {secretLength} bytes takes {EncodedLength(secretLength)} bytes, got {encoded.Length}; drop the message");
        }

        Span<ulong> limbs = stackalloc ulong[ShamirSharing.LimbCount(secretLength)];
        for (var i = 0; i < limbs.Length; i++) limbs[i] = BinaryPrimitives.ReadUInt64LittleEndian(encoded[(4 + 8 * i)..]);
        try
        {
            return new KeyShare(BinaryPrimitives.ReadInt32LittleEndian(encoded), limbs);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(limbs));
        }
    }

    /// <summary>Overwrites the values with zeros.</summary>
    public void Dispose() => CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(_limbs.AsSpan()));
}

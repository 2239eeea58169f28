using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace PersonaTune.Protocol.Wire;

/// <summary>
/// A vector of floats as it travels: <c>PTVF</c>, version 1, three zero bytes, count (4 bytes), then the values as IEEE 754 single precision; all
/// little-endian.
/// </summary>
public static class VectorEncoding
{
    /// <summary>Bytes before the values.</summary>
    public const int HeaderLength = 12;

    /// <summary>The most values: 2^27.</summary>
    public const int MaximumCount = 1 << 27;

    private const byte Version = 1;

    private static ReadOnlySpan<byte> Magic => "PTVF"u8;

    /// <summary>The encoded length of <paramref name="count"/> values.</summary>
    public static long EncodedLength(int count) => HeaderLength + (4L * count);

    /// <summary>Encodes values.</summary>
    /// <exception cref="VectorFormatException">A value is not finite, or there are too many.</exception>
    public static byte[] Encode(ReadOnlySpan<float> values)
    {
        if (values.Length > MaximumCount) throw new VectorFormatException($"it would have {values.Length} values, expected at most {MaximumCount}");
        CheckFinite(values);
        var bytes = new byte[HeaderLength + (4 * values.Length)];
        Magic.CopyTo(bytes);
        bytes[4] = Version;
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), values.Length);
        var body = bytes.AsSpan(HeaderLength);
        if (BitConverter.IsLittleEndian) MemoryMarshal.AsBytes(values).CopyTo(body);
        else
            for (var i = 0; i < values.Length; i++) BinaryPrimitives.WriteSingleLittleEndian(body[(4 * i)..], values[i]);
        return bytes;
    }

    /// <summary>Decodes a vector that must have <paramref name="expectedCount"/> values.</summary>
    /// <exception cref="VectorFormatException">Not the encoding of that many finite values.</exception>
    public static float[] Decode(ReadOnlySpan<byte> bytes, int expectedCount)
    {
        if (bytes.Length < HeaderLength) throw new VectorFormatException($"it has {bytes.Length} bytes, expected at least {HeaderLength}; fetch it again");
        if (!bytes.StartsWith(Magic)) throw new VectorFormatException("it does not begin with PTVF; it is something else");
        if (bytes[4] != Version) throw new VectorFormatException($"its version is {bytes[4]}, expected {Version}; update PersonaTune");
        if (bytes[5..8].IndexOfAnyExcept((byte)0) >= 0) throw new VectorFormatException("its reserved bytes are not zero; it was altered");
        var count = BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]);
        if (count != expectedCount) throw new VectorFormatException($"it states {count} values, expected {expectedCount}; check that it belongs to this task");
        if (bytes.Length != EncodedLength(count))
            throw new VectorFormatException($"it has {bytes.Length} bytes, expected {EncodedLength(count)} for {count} values; fetch it again");
        var values = new float[count];
        if (BitConverter.IsLittleEndian) bytes[HeaderLength..].CopyTo(MemoryMarshal.AsBytes(values.AsSpan()));
        else
            for (var i = 0; i < count; i++) values[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes[(HeaderLength + (4 * i))..]);
        CheckFinite(values);
        return values;
    }

    private static void CheckFinite(ReadOnlySpan<float> values)
    {
        for (var i = 0; i < values.Length; i++)
            if (!float.IsFinite(values[i])) throw new VectorFormatException($"value {i} is {values[i]}, expected a finite number; train again");
    }
}

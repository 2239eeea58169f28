using System.Buffers.Binary;
using System.Numerics;

namespace PersonaTune.Privacy.Sealing;

/// <summary>
/// Hides a plaintext's exact length: four bytes of length, the content, zeros up to the next PADMÉ size (Nikitin et al.,
/// "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs", 2019, section 4), and at least
/// <see cref="MinLength"/>. The overhead is at most 12 % beyond that; only O(log log length) bits of the length show.
/// </summary>
public static class Padding
{
    /// <summary>The smallest padded length: most typed messages share it.</summary>
    public const int MinLength = 128;

    /// <summary>The padded length of <paramref name="length"/> bytes of content.</summary>
    public static int PaddedLength(int length)
    {
        var total = checked(length + 4);
        if (total <= MinLength) return MinLength;
        var exponent = BitOperations.Log2((uint)total);
        var kept = BitOperations.Log2((uint)exponent) + 1;
        var mask = (1L << (exponent - kept)) - 1;
        return checked((int)((total + mask) & ~mask));
    }

    internal static void Pad(ReadOnlySpan<byte> content, Span<byte> padded)
    {
        BinaryPrimitives.WriteInt32LittleEndian(padded, content.Length);
        content.CopyTo(padded[4..]);
        padded[(4 + content.Length)..].Clear();
    }

    internal static ReadOnlySpan<byte> Unpad(ReadOnlySpan<byte> padded, string subject)
    {
        var length = padded.Length < 4 ? -1 : BinaryPrimitives.ReadInt32LittleEndian(padded);
        if (length < 0 || length > padded.Length - 4)
            throw new TamperedException(subject, $"its inner length {length} does not fit its {padded.Length} bytes");
        return padded.Slice(4, length);
    }
}

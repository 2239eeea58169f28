using System.Runtime.CompilerServices;

namespace PersonaTune.Engine.Quantization;

/// <summary>f16 to f32 in a few inlined instructions; the library's conversion is a call, once for each block's scale.</summary>
internal static class HalfFloat
{
    /// <summary>Reads an f16 at any address. Exact for every value; a NaN stays a NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Read(ref byte source)
    {
        uint bits = Unsafe.ReadUnaligned<ushort>(ref source);
        var magnitude = bits & 0x7FFF;
        // The product with 2^112 moves the exponent's bias from 15 to 127, subnormal numbers included.
        var value = BitConverter.SingleToUInt32Bits(BitConverter.UInt32BitsToSingle(magnitude << 13) * BitConverter.UInt32BitsToSingle(0x7780_0000));
        if (magnitude >= 0x7C00) value |= 0x7F80_0000;
        return BitConverter.UInt32BitsToSingle(value | (bits & 0x8000) << 16);
    }
}

using System.Runtime.InteropServices;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Quantization;

/// <summary>The block types' definitions, one element at a time: what the vector decoders must equal bit for bit.</summary>
internal static class ScalarDecoder
{
    /// <summary>Element <paramref name="index"/> of a block of a quantized type.</summary>
    public static float Element(TensorType type, ReadOnlySpan<byte> block, int index)
    {
        switch (type)
        {
            case TensorType.Q8_0:
                return Half(block) * (sbyte)block[2 + index];
            case TensorType.Q4_0:
                return Half(block) * (Nibble32(block[2..], index) - 8);
            case TensorType.Q4_1:
                return Half(block) * Nibble32(block[4..], index) + Half(block[2..]);
            case TensorType.Q5_0:
                return Half(block) * (Nibble32(block[6..], index) + 16 * Bit(block[2..], index) - 16);
            case TensorType.Q5_1:
                return Half(block) * (Nibble32(block[8..], index) + 16 * Bit(block[4..], index)) + Half(block[2..]);
            case TensorType.Q4_K:
                return Affine(block, index, Nibble256(block[16..], index));
            case TensorType.Q5_K:
                var fifth = (block[16 + index % 32] >> (index / 32)) & 1;
                return Affine(block, index, Nibble256(block[48..], index) + 16 * fifth);
            case TensorType.Q6_K:
                var (part, within) = (index / 128, index % 128);
                var lower = block[64 * part + within % 64] >> (within < 64 ? 0 : 4);
                var upper = block[128 + 32 * part + within % 32] >> (2 * (within / 32));
                var q = ((lower & 15) | ((upper & 3) << 4)) - 32;
                return Half(block[208..]) * (sbyte)block[192 + index / 16] * q;
            default:
                throw new NotSupportedException($"no decoder for {type}");
        }
    }

    private static float Affine(ReadOnlySpan<byte> block, int index, int q)
    {
        SuperBlockDecoder.Group(ref MemoryMarshal.GetReference(block[4..]), index / 32, out var scale, out var minimum);
        return Half(block) * scale * q - Half(block[2..]) * minimum;
    }

    private static float Half(ReadOnlySpan<byte> at) => (float)MemoryMarshal.Read<Half>(at);

    private static int Nibble32(ReadOnlySpan<byte> q, int index) => (q[index % 16] >> (index < 16 ? 0 : 4)) & 15;

    private static int Nibble256(ReadOnlySpan<byte> q, int index) => (q[32 * (index / 64) + index % 32] >> (index % 64 < 32 ? 0 : 4)) & 15;

    private static int Bit(ReadOnlySpan<byte> bits, int index) => (bits[index / 8] >> (index % 8)) & 1;
}

using System.Runtime.Intrinsics;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Kernels;

/// <summary>
/// 32 consecutive weights of any block-quantized type as integers: value i = Scale[i / 16] * Values[i] + Offset. What differs
/// between the types is resolved here, once, for the portable products and for packing.
/// </summary>
internal unsafe struct IntegerBlock
{
    /// <summary>The 32 integers: -128..127 for Q8_0, -32..31 for Q6_K, -16..15 for Q5_0, -8..7 for Q4_0, 0..31 or 0..15 for the others.</summary>
    public fixed sbyte Values[32];

    /// <summary>Scale of the first 16 values.</summary>
    public float LowScale;

    /// <summary>Scale of the last 16 values; another one in Q6_K only.</summary>
    public float HighScale;

    /// <summary>What is added to every value; not 0 only in types with a minimum.</summary>
    public float Offset;

    /// <summary>Reads weights 32 index.. of a row.</summary>
    public static void Read(TensorType type, byte* row, int index, float* halves, out IntegerBlock block)
    {
        block = default;
        fixed (sbyte* to = block.Values)
        {
            switch (type)
            {
                case TensorType.Q8_0:
                    row += 34 * (long)index;
                    Vector256.Load((sbyte*)row + 2).Store(to);
                    block.LowScale = block.HighScale = halves[*(ushort*)row];
                    break;
                case TensorType.Q4_0:
                    row += 18 * (long)index;
                    block.LowScale = block.HighScale = halves[*(ushort*)row];
                    Nibbles(row + 2, 8, to);
                    break;
                case TensorType.Q4_1:
                    row += 20 * (long)index;
                    block.LowScale = block.HighScale = halves[*(ushort*)row];
                    block.Offset = halves[((ushort*)row)[1]];
                    Nibbles(row + 4, 0, to);
                    break;
                case TensorType.Q5_0:
                    row += 22 * (long)index;
                    block.LowScale = block.HighScale = halves[*(ushort*)row];
                    Nibbles(row + 6, 16, to);
                    FifthBits(*(uint*)(row + 2), to);
                    break;
                case TensorType.Q5_1:
                    row += 24 * (long)index;
                    block.LowScale = block.HighScale = halves[*(ushort*)row];
                    block.Offset = halves[((ushort*)row)[1]];
                    Nibbles(row + 8, 0, to);
                    FifthBits(*(uint*)(row + 4), to);
                    break;
                case TensorType.Q4_K or TensorType.Q5_K:
                    ReadGroup(type, row + (index >> 3) * (long)type.BlockBytes(), index & 7, halves, to, ref block);
                    break;
                case TensorType.Q6_K:
                    ReadSixBits(row + (index >> 3) * 210L, index & 7, halves, to, ref block);
                    break;
                default:
                    throw new NotSupportedException($"no integer blocks in {type}");
            }
        }
    }

    private static void Nibbles(byte* packed, int bias, sbyte* to)
    {
        var q = Vector128.Load(packed);
        var minus = Vector128.Create((sbyte)bias);
        ((q & Vector128.Create((byte)15)).AsSByte() - minus).Store(to);
        ((q >>> 4).AsSByte() - minus).Store(to + 16);
    }

    private static void FifthBits(uint bits, sbyte* to)
    {
        for (var i = 0; i < 32; i++) to[i] += (sbyte)(((bits >> i) & 1) << 4);
    }

    private static void ReadGroup(TensorType type, byte* super, int group, float* halves, sbyte* to, ref IntegerBlock block)
    {
        var (scales, minima) = SuperBlockDots.Groups(super + 4);
        block.LowScale = block.HighScale = halves[*(ushort*)super] * (byte)(scales >> (8 * group));
        block.Offset = -(halves[((ushort*)super)[1]] * (byte)(minima >> (8 * group)));
        var fifth = type == TensorType.Q5_K;
        var packed = super + (fifth ? 48 : 16) + 32 * (group >> 1);
        for (var half = 0; half < 32; half += 16)
        {
            var q = (Vector128.Load(packed + half) >>> (4 * (group & 1))) & Vector128.Create((byte)15);
            if (fifth) q |= ((Vector128.Load(super + 16 + half) >>> group) & Vector128<byte>.One) << 4;
            q.AsSByte().Store(to + half);
        }
    }

    private static void ReadSixBits(byte* super, int group, float* halves, sbyte* to, ref IntegerBlock block)
    {
        var d = halves[*(ushort*)(super + 208)];
        var (part, inner) = (group >> 2, group & 3);
        block.LowScale = d * ((sbyte*)super)[192 + 2 * group];
        block.HighScale = d * ((sbyte*)super)[192 + 2 * group + 1];
        for (var half = 0; half < 32; half += 16)
        {
            var q = (Vector128.Load(super + 64 * part + 32 * (inner & 1) + half) >>> (4 * (inner >> 1))) & Vector128.Create((byte)15);
            q |= ((Vector128.Load(super + 128 + 32 * part + half) >>> (2 * inner)) & Vector128.Create((byte)3)) << 4;
            (q.AsSByte() - Vector128.Create((sbyte)32)).Store(to + half);
        }
    }
}

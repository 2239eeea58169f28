using System.Runtime.InteropServices;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Quantization;

/// <summary>Decodes and encodes GGUF blocks. Static and thread-safe; nothing is allocated while decoding.</summary>
public static class BlockCodec
{
    /// <summary>Decodes whole blocks to f32.</summary>
    /// <exception cref="ArgumentException">The lengths do not fit.</exception>
    /// <exception cref="NotSupportedException">No decoder for the type.</exception>
    public static void Decode(TensorType type, ReadOnlySpan<byte> blocks, Span<float> values)
    {
        if (blocks.Length != type.RowBytes(values.Length))
            throw new ArgumentException($"{values.Length} values of {type} take {type.RowBytes(values.Length)} bytes, found {blocks.Length}", nameof(blocks));
        switch (type)
        {
            case TensorType.F32:
                MemoryMarshal.Cast<byte, float>(blocks).CopyTo(values);
                break;
            case TensorType.Q8_0:
                for (var b = 0; b < values.Length / 32; b++)
                {
                    var block = blocks.Slice(b * 34, 34);
                    var scale = (float)MemoryMarshal.Read<Half>(block);
                    for (var i = 0; i < 32; i++) values[b * 32 + i] = scale * (sbyte)block[2 + i];
                }

                break;
            default:
                throw new NotSupportedException($"no decoder for {type}");
        }
    }
}

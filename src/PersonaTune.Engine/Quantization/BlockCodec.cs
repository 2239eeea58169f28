using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Quantization;

/// <summary>
/// Decodes GGUF blocks to f32 and encodes f32 to GGUF blocks. Static, thread-safe and deterministic: results do not depend on the
/// processor. Layouts are those of the ggml project's block types.
/// </summary>
public static class BlockCodec
{
    /// <summary>Whether <see cref="Decode"/> knows the type.</summary>
    public static bool CanDecode(TensorType type) => type is TensorType.F32 or TensorType.F16 or TensorType.BF16
        or TensorType.Q8_0 or TensorType.Q4_0 or TensorType.Q4_1 or TensorType.Q5_0 or TensorType.Q5_1
        or TensorType.Q4_K or TensorType.Q5_K or TensorType.Q6_K;

    /// <summary>Decodes whole blocks to f32. Allocates nothing.</summary>
    /// <exception cref="ArgumentException">The lengths do not fit.</exception>
    /// <exception cref="NotSupportedException">No decoder for the type.</exception>
    public static void Decode(TensorType type, ReadOnlySpan<byte> blocks, Span<float> values)
    {
        if (blocks.Length != type.RowBytes(values.Length))
            throw new ArgumentException($"{values.Length} values of {type} take {type.RowBytes(values.Length)} bytes, found {blocks.Length}", nameof(blocks));
        switch (type)
        {
            case TensorType.F32: PlainDecoder.F32(blocks, values); break;
            case TensorType.F16: PlainDecoder.F16(blocks, values); break;
            case TensorType.BF16: PlainDecoder.BF16(blocks, values); break;
            case TensorType.Q8_0: Block32Decoder.Q8_0(blocks, values); break;
            case TensorType.Q4_0: Block32Decoder.Q4_0(blocks, values); break;
            case TensorType.Q4_1: Block32Decoder.Q4_1(blocks, values); break;
            case TensorType.Q5_0: Block32Decoder.Q5_0(blocks, values); break;
            case TensorType.Q5_1: Block32Decoder.Q5_1(blocks, values); break;
            case TensorType.Q4_K: SuperBlockDecoder.Q4_K(blocks, values); break;
            case TensorType.Q5_K: SuperBlockDecoder.Q5_K(blocks, values); break;
            case TensorType.Q6_K: SuperBlockDecoder.Q6_K(blocks, values); break;
            default: throw new NotSupportedException($"no decoder for {type}");
        }
    }
}

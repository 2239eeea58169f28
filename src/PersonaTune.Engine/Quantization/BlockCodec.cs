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

    /// <summary>Whether <see cref="Encode"/> knows the type: every type that can be decoded.</summary>
    public static bool CanEncode(TensorType type) => CanDecode(type);

    /// <summary>
    /// Encodes f32 to whole blocks with the smallest squared error that a bounded search finds: each scale (and minimum) is fitted by
    /// least squares to several candidate roundings, and the values are rounded again to the scale as stored.
    /// </summary>
    /// <exception cref="ArgumentException">The lengths do not fit; or, for types other than F32 and BF16, a value is not finite or above 65,504, the largest f16.</exception>
    /// <exception cref="NotSupportedException">No encoder for the type.</exception>
    public static void Encode(TensorType type, ReadOnlySpan<float> values, Span<byte> blocks)
    {
        if (blocks.Length != type.RowBytes(values.Length))
            throw new ArgumentException($"{values.Length} values of {type} take {type.RowBytes(values.Length)} bytes, found {blocks.Length}", nameof(blocks));
        if (type is not (TensorType.F32 or TensorType.BF16) && values.ContainsAnyExceptInRange(-65_504f, 65_504f))
            throw new ArgumentException($"a value is not finite or above 65,504, which {type} cannot hold", nameof(values));
        switch (type)
        {
            case TensorType.F32: PlainEncoder.F32(values, blocks); break;
            case TensorType.F16: PlainEncoder.F16(values, blocks); break;
            case TensorType.BF16: PlainEncoder.BF16(values, blocks); break;
            case TensorType.Q8_0: Block32Encoder.Q8_0(values, blocks); break;
            case TensorType.Q4_0: Block32Encoder.Q4_0(values, blocks); break;
            case TensorType.Q4_1: Block32Encoder.Q4_1(values, blocks); break;
            case TensorType.Q5_0: Block32Encoder.Q5_0(values, blocks); break;
            case TensorType.Q5_1: Block32Encoder.Q5_1(values, blocks); break;
            case TensorType.Q4_K: SuperBlockEncoder.Q4_K(values, blocks); break;
            case TensorType.Q5_K: SuperBlockEncoder.Q5_K(values, blocks); break;
            case TensorType.Q6_K: SuperBlockEncoder.Q6_K(values, blocks); break;
            default: throw new NotSupportedException($"no encoder for {type}");
        }
    }
}

using System.Runtime.Intrinsics.X86;
using PersonaTune.Engine.Quantization;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Kernels;

/// <summary>Reads parts of rows of a frozen matrix as f32, into a buffer that stays in the first cache level.</summary>
internal static unsafe class WeightRows
{
    /// <summary>
    /// Columns first..first + count of a row, decoded into <paramref name="buffer"/>; F32 rows are returned in place. Both bounds
    /// must lie on block boundaries.
    /// </summary>
    public static float* Read(in WeightMatrix w, int row, int first, int count, float* buffer)
    {
        var data = w.Data + (long)row * w.RowBytes;
        if (w.Type == TensorType.F32) return (float*)data + first;
        var block = w.Type.BlockSize();
        var blockBytes = w.Type.BlockBytes();
        Decode(w.Type, data + (long)(first / block) * blockBytes, count, buffer);
        return buffer;
    }

    /// <summary>Decodes <paramref name="count"/> values, a whole number of blocks.</summary>
    public static void Decode(TensorType type, byte* blocks, int count, float* values)
    {
        if (type == TensorType.F16) HalfVectors.WidenHalf((ushort*)blocks, values, count);
        else if (type == TensorType.BF16) HalfVectors.WidenBrain((ushort*)blocks, values, count);
        else if (Avx2.IsSupported && Fma.IsSupported && type.BlockSize() >= 32) FloatUnpack.Run(type, blocks, count, values);
        else BlockCodec.Decode(type, new ReadOnlySpan<byte>(blocks, (int)type.RowBytes(count)), new Span<float>(values, count));
    }
}

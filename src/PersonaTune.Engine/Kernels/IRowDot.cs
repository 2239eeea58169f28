using System.Runtime.Intrinsics;

namespace PersonaTune.Engine.Kernels;

/// <summary>
/// One block of quantized weights times the matching 8-bit activations (AVX2). Implementations are empty structs, so that the
/// loop over a row is compiled once for each type with the block's arithmetic inlined.
/// </summary>
internal unsafe interface IRowDot
{
    /// <summary>Elements of a block, a multiple of 32.</summary>
    static abstract int Elements { get; }

    /// <summary>Bytes of a block.</summary>
    static abstract int Bytes { get; }

    /// <summary>
    /// Adds the block's products to the eight partial sums. <paramref name="x"/> holds <see cref="Elements"/> values,
    /// <paramref name="scales"/>, <paramref name="sums"/> one entry for 32 of them and <paramref name="halfSums"/> two;
    /// <paramref name="halves"/> is <see cref="HalfTable"/>.
    /// </summary>
    static abstract Vector256<float> Add(
        byte* block, sbyte* x, float* scales, float* sums, float* halfSums, float* halves, Vector256<float> sum);
}

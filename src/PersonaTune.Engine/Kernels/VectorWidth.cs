namespace PersonaTune.Engine.Kernels;

/// <summary>Register widths that the kernels are written for.</summary>
internal enum VectorWidth
{
    /// <summary>No vectors: the reference.</summary>
    Scalar,

    /// <summary>128 bits: Arm AdvSimd, or an x86 processor without AVX2.</summary>
    V128,

    /// <summary>256 bits: AVX2 with FMA.</summary>
    V256,

    /// <summary>512 bits: AVX-512.</summary>
    V512,
}

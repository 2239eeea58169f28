using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace PersonaTune.Engine.Kernels;

/// <summary>What this processor offers, decided once at startup.</summary>
internal static class VectorWidths
{
    /// <summary>The widest accelerated width.</summary>
    public static readonly VectorWidth Best =
        Vector512.IsHardwareAccelerated && Avx512BW.IsSupported && Fma.IsSupported ? VectorWidth.V512
        : Avx2.IsSupported && Fma.IsSupported ? VectorWidth.V256
        : Vector128.IsHardwareAccelerated ? VectorWidth.V128
        : VectorWidth.Scalar;
}

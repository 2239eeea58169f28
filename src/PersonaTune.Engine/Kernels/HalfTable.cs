using System.Runtime.CompilerServices;

namespace PersonaTune.Engine.Kernels;

/// <summary>
/// The f32 value of each of the 65,536 half-precision patterns, pinned. .NET has no F16C instruction; one load from the few lines
/// that a model's scales touch is cheaper than converting by arithmetic, and subnormal scales cost nothing extra.
/// </summary>
internal static unsafe class HalfTable
{
    private static readonly float[] Table = Create();

    /// <summary>Address of the table; entry i is the value of bit pattern i.</summary>
    public static readonly float* Values = (float*)Unsafe.AsPointer(ref Table[0]);

    private static float[] Create()
    {
        var table = GC.AllocateUninitializedArray<float>(65536, pinned: true);
        for (var i = 0; i < table.Length; i++) table[i] = (float)BitConverter.UInt16BitsToHalf((ushort)i);
        return table;
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace PersonaTune.Engine.Kernels;

/// <summary>Rows of 16-bit floats widened to f32, exactly: every bit pattern, subnormals, infinities and NaNs included.</summary>
internal static unsafe class HalfVectors
{
    /// <summary>to[i] = the value of half-precision pattern from[i].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void WidenHalf(ushort* from, float* to, int count)
    {
        var i = 0;
        if (Avx2.IsSupported)
            for (; i + 8 <= count; i += 8) Widen(Avx2.ConvertToVector256Int32(from + i).AsUInt32()).Store(to + i);
        else if (Vector128.IsHardwareAccelerated)
            for (; i + 8 <= count; i += 8)
            {
                var eight = Vector128.Load(from + i);
                Widen(Vector128.WidenLower(eight)).Store(to + i);
                Widen(Vector128.WidenUpper(eight)).Store(to + i + 4);
            }

        for (; i < count; i++) to[i] = (float)BitConverter.UInt16BitsToHalf(from[i]);
    }

    /// <summary>to[i] = the value of bfloat16 pattern from[i].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void WidenBrain(ushort* from, float* to, int count)
    {
        var i = 0;
        if (Avx2.IsSupported)
            for (; i + 8 <= count; i += 8) (Avx2.ConvertToVector256Int32(from + i) << 16).AsSingle().Store(to + i);
        for (; i < count; i++) to[i] = BitConverter.UInt32BitsToSingle((uint)from[i] << 16);
    }

    // The exponent moves from bias 15 to 127 by adding 112; infinities and NaNs need as much again to reach exponent 255; subnormals,
    // whose mantissa counts units of 2^-24, are converted from integers. No step ever sees an f32 subnormal, which would be slow.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Widen(Vector256<uint> bits)
    {
        var sign = (bits & Vector256.Create(0x8000u)) << 16;
        var magnitude = bits & Vector256.Create(0x7fffu);
        var shifted = (magnitude << 13).AsInt32();
        var bias = Vector256.Create(112 << 23);
        var special = Vector256.GreaterThan(shifted, Vector256.Create(0x0f7fffff)) & bias;
        var normal = (shifted + bias + special).AsSingle();
        var tiny = Vector256.ConvertToSingle(magnitude.AsInt32()) * Vector256.Create(1f / (1 << 24));
        var value = Vector256.ConditionalSelect(Vector256.LessThan(shifted, Vector256.Create(0x00800000)).AsSingle(), tiny, normal);
        return value | sign.AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Widen(Vector128<uint> bits)
    {
        var sign = (bits & Vector128.Create(0x8000u)) << 16;
        var magnitude = bits & Vector128.Create(0x7fffu);
        var shifted = (magnitude << 13).AsInt32();
        var bias = Vector128.Create(112 << 23);
        var special = Vector128.GreaterThan(shifted, Vector128.Create(0x0f7fffff)) & bias;
        var normal = (shifted + bias + special).AsSingle();
        var tiny = Vector128.ConvertToSingle(magnitude.AsInt32()) * Vector128.Create(1f / (1 << 24));
        var value = Vector128.ConditionalSelect(Vector128.LessThan(shifted, Vector128.Create(0x00800000)).AsSingle(), tiny, normal);
        return value | sign.AsSingle();
    }
}

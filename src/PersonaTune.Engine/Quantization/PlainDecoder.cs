using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace PersonaTune.Engine.Quantization;

/// <summary>Types that store each element by itself: one float an element in, any length.</summary>
internal static class PlainDecoder
{
    public static void F32(ReadOnlySpan<byte> source, Span<float> values) => MemoryMarshal.Cast<byte, float>(source).CopyTo(values);

    /// <summary>
    /// Exponent and fraction move into their f32 places, and a product with 2^112 corrects the bias, subnormal numbers included; only
    /// infinity and NaN need their exponent set by hand.
    /// </summary>
    public static void F16(ReadOnlySpan<byte> source, Span<float> values)
    {
        ref var from = ref Unsafe.As<byte, ushort>(ref MemoryMarshal.GetReference(source));
        ref var to = ref MemoryMarshal.GetReference(values);
        var i = 0;
        if (Avx512F.IsSupported)
        {
            for (; i <= values.Length - 16; i += 16)
            {
                var h = Avx512F.ConvertToVector512UInt32(Vector256.LoadUnsafe(ref from, (nuint)i));
                var magnitude = h & Vector512.Create(0x7FFFu);
                var value = ((magnitude << 13).AsSingle() * Vector512.Create(0x7780_0000u).AsSingle()).AsUInt32();
                value |= Vector512.GreaterThanOrEqual(magnitude, Vector512.Create(0x7C00u)) & Vector512.Create(0x7F80_0000u);
                value |= (h & Vector512.Create(0x8000u)) << 16;
                value.AsSingle().StoreUnsafe(ref to, (nuint)i);
            }
        }
        else if (Avx2.IsSupported)
        {
            for (; i <= values.Length - 8; i += 8)
            {
                var h = Avx2.ConvertToVector256Int32(Vector128.LoadUnsafe(ref from, (nuint)i));
                var magnitude = h & Vector256.Create(0x7FFF);
                var value = ((magnitude << 13).AsSingle() * Vector256.Create(0x7780_0000).AsSingle()).AsInt32();
                value |= Vector256.GreaterThanOrEqual(magnitude, Vector256.Create(0x7C00)) & Vector256.Create(0x7F80_0000);
                value |= (h & Vector256.Create(0x8000)) << 16;
                value.AsSingle().StoreUnsafe(ref to, (nuint)i);
            }
        }
        else
        {
            for (; i <= values.Length - 4; i += 4)
            {
                var h = Vector128.WidenLower(Vector128.CreateScalar(Unsafe.ReadUnaligned<ulong>(ref Unsafe.As<ushort, byte>(ref Unsafe.Add(ref from, i)))).AsUInt16());
                var magnitude = h & Vector128.Create(0x7FFFu);
                var value = ((magnitude << 13).AsSingle() * Vector128.Create(0x7780_0000u).AsSingle()).AsUInt32();
                value |= Vector128.GreaterThanOrEqual(magnitude, Vector128.Create(0x7C00u)) & Vector128.Create(0x7F80_0000u);
                value |= (h & Vector128.Create(0x8000u)) << 16;
                value.AsSingle().StoreUnsafe(ref to, (nuint)i);
            }
        }

        for (; i < values.Length; i++) values[i] = (float)BitConverter.UInt16BitsToHalf(Unsafe.Add(ref from, i));
    }

    public static void BF16(ReadOnlySpan<byte> source, Span<float> values)
    {
        var upper = MemoryMarshal.Cast<byte, ushort>(source);
        for (var i = 0; i < upper.Length; i++) values[i] = BitConverter.UInt32BitsToSingle((uint)upper[i] << 16);
    }
}

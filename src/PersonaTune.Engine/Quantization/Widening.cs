using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace PersonaTune.Engine.Quantization;

/// <summary>
/// The last step of every decoder: 16 small integers become 16 floats q * scale (+ offset). Product and sum are rounded separately,
/// never fused, so that the result equals the scalar definition bit for bit on every processor.
/// </summary>
internal static class Widening
{
    /// <summary>Writes q[i] * scale for 16 values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector128<sbyte> q, float scale, ref float target)
    {
        if (Vector512.IsHardwareAccelerated && Avx512F.IsSupported)
        {
            var v = Avx512F.ConvertToVector512Single(Avx512F.ConvertToVector512Int32(q));
            (v * Vector512.Create(scale)).StoreUnsafe(ref target);
        }
        else if (Avx2.IsSupported)
        {
            var s = Vector256.Create(scale);
            (Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32(q)) * s).StoreUnsafe(ref target);
            (Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32(Upper(q))) * s).StoreUnsafe(ref target, 8);
        }
        else
        {
            var s = Vector128.Create(scale);
            var (low, high) = Vector128.Widen(q);
            (Single(Vector128.WidenLower(low)) * s).StoreUnsafe(ref target);
            (Single(Vector128.WidenUpper(low)) * s).StoreUnsafe(ref target, 4);
            (Single(Vector128.WidenLower(high)) * s).StoreUnsafe(ref target, 8);
            (Single(Vector128.WidenUpper(high)) * s).StoreUnsafe(ref target, 12);
        }
    }

    /// <summary>Writes q[i] * scale + offset for 16 values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector128<sbyte> q, float scale, float offset, ref float target)
    {
        if (Vector512.IsHardwareAccelerated && Avx512F.IsSupported)
        {
            var v = Avx512F.ConvertToVector512Single(Avx512F.ConvertToVector512Int32(q));
            (v * Vector512.Create(scale) + Vector512.Create(offset)).StoreUnsafe(ref target);
        }
        else if (Avx2.IsSupported)
        {
            var (s, o) = (Vector256.Create(scale), Vector256.Create(offset));
            (Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32(q)) * s + o).StoreUnsafe(ref target);
            (Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32(Upper(q))) * s + o).StoreUnsafe(ref target, 8);
        }
        else
        {
            var (s, o) = (Vector128.Create(scale), Vector128.Create(offset));
            var (low, high) = Vector128.Widen(q);
            (Single(Vector128.WidenLower(low)) * s + o).StoreUnsafe(ref target);
            (Single(Vector128.WidenUpper(low)) * s + o).StoreUnsafe(ref target, 4);
            (Single(Vector128.WidenLower(high)) * s + o).StoreUnsafe(ref target, 8);
            (Single(Vector128.WidenUpper(high)) * s + o).StoreUnsafe(ref target, 12);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<sbyte> Upper(Vector128<sbyte> q) => Vector128.Create(q.GetUpper(), q.GetUpper());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Single(Vector128<int> v) => Vector128.ConvertToSingle(v);
}

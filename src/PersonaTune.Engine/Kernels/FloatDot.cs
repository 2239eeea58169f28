using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace PersonaTune.Engine.Kernels;

/// <summary>The inner product of two f32 rows of any length.</summary>
internal static unsafe class FloatDot
{
    /// <summary>Sum of a[i] * b[i], in an order that depends on the length alone.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Run(float* a, float* b, int count)
    {
        var i = 0;
        var total = 0f;
        if (Fma.IsSupported)
        {
            Vector256<float> s0 = default, s1 = default, s2 = default, s3 = default;
            for (; i + 32 <= count; i += 32)
            {
                s0 = Fma.MultiplyAdd(Vector256.Load(a + i), Vector256.Load(b + i), s0);
                s1 = Fma.MultiplyAdd(Vector256.Load(a + i + 8), Vector256.Load(b + i + 8), s1);
                s2 = Fma.MultiplyAdd(Vector256.Load(a + i + 16), Vector256.Load(b + i + 16), s2);
                s3 = Fma.MultiplyAdd(Vector256.Load(a + i + 24), Vector256.Load(b + i + 24), s3);
            }

            for (; i + 8 <= count; i += 8) s0 = Fma.MultiplyAdd(Vector256.Load(a + i), Vector256.Load(b + i), s0);
            total = Vector256.Sum((s0 + s1) + (s2 + s3));
        }
        else if (Vector128.IsHardwareAccelerated)
        {
            Vector128<float> s0 = default, s1 = default, s2 = default, s3 = default;
            for (; i + 16 <= count; i += 16)
            {
                s0 = Vector128.MultiplyAddEstimate(Vector128.Load(a + i), Vector128.Load(b + i), s0);
                s1 = Vector128.MultiplyAddEstimate(Vector128.Load(a + i + 4), Vector128.Load(b + i + 4), s1);
                s2 = Vector128.MultiplyAddEstimate(Vector128.Load(a + i + 8), Vector128.Load(b + i + 8), s2);
                s3 = Vector128.MultiplyAddEstimate(Vector128.Load(a + i + 12), Vector128.Load(b + i + 12), s3);
            }

            total = Vector128.Sum((s0 + s1) + (s2 + s3));
        }

        for (; i < count; i++) total += a[i] * b[i];
        return total;
    }

    /// <summary>The reference.</summary>
    internal static float Scalar(float* a, float* b, int count)
    {
        var total = 0f;
        for (var i = 0; i < count; i++) total += a[i] * b[i];
        return total;
    }
}

using System.Numerics;
using System.Runtime.CompilerServices;

namespace PersonaTune.Engine.Kernels;

/// <summary>
/// exp for a vector of floats. exp(x) = 2^n exp(r) with n = round(x / ln 2), |r| at most ln 2 / 2, and a polynomial of degree 7 for
/// exp(r) (the single-precision coefficients of Cephes' expf). Relative error below 2e-7; results under 2^-125 flush to zero.
/// </summary>
internal static class VectorMath
{
    private const float Log2E = 1.44269504088896341f;
    private const float Ln2High = 0.693359375f;
    private const float Ln2Low = -2.12194440e-4f;

    // Adding 1.5 * 2^23 rounds to an integer and leaves that integer in the low mantissa bits.
    private const float RoundingShift = 12_582_912f;
    private const float Lowest = -86.9f;
    private const float Highest = 88.72283f;

    /// <summary>e^x, lane by lane; NaN stays NaN, overflow gives infinity.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Exp(Vector<float> x)
    {
        var clamped = Vector.MaxNative(Vector.MinNative(x, new Vector<float>(Highest)), new Vector<float>(Lowest));
        var shifted = Vector.MultiplyAddEstimate(clamped, new Vector<float>(Log2E), new Vector<float>(RoundingShift));
        var n = shifted - new Vector<float>(RoundingShift);
        var r = Vector.MultiplyAddEstimate(n, new Vector<float>(-Ln2High), clamped);
        r = Vector.MultiplyAddEstimate(n, new Vector<float>(-Ln2Low), r);
        var p = new Vector<float>(1.9875691500e-4f);
        p = Vector.MultiplyAddEstimate(p, r, new Vector<float>(1.3981999507e-3f));
        p = Vector.MultiplyAddEstimate(p, r, new Vector<float>(8.3334519073e-3f));
        p = Vector.MultiplyAddEstimate(p, r, new Vector<float>(4.1665795894e-2f));
        p = Vector.MultiplyAddEstimate(p, r, new Vector<float>(1.6666665459e-1f));
        p = Vector.MultiplyAddEstimate(p, r, new Vector<float>(5.0000001201e-1f));
        p = Vector.MultiplyAddEstimate(p, r * r, r + Vector<float>.One);

        // 2^(n-1) in the exponent field, then one doubling: n = 128 would not fit the field.
        var half = Vector.AsVectorSingle(Vector.ShiftLeft(Vector.AsVectorInt32(shifted), 23) + new Vector<int>(0x3F000000));
        var y = p * half * new Vector<float>(2f);
        y = Vector.ConditionalSelect(Vector.LessThan(x, new Vector<float>(Lowest)), Vector<float>.Zero, y);
        y = Vector.ConditionalSelect(Vector.GreaterThan(x, new Vector<float>(Highest)), new Vector<float>(float.PositiveInfinity), y);
        return Vector.ConditionalSelect(Vector.Equals(x, x), y, x);
    }

    /// <summary>1 / (1 + e^-x), lane by lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Sigmoid(Vector<float> x) => Vector<float>.One / (Vector<float>.One + Exp(-x));
}

using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// The forward complex Fourier transform of a power-of-two length n: Stockham's self-sorting algorithm in radix 4, with a last step in
/// radix 2 where n is no power of four. A step with stride s combines, for each p below m / 4 (m = n / s) and each q below s, the inputs
/// q + s (p + k m / 4), k = 0..3, into the outputs q + s (4 p + k), times the powers 0..3 of exp(-2 pi i p / m). Real and imaginary parts
/// lie in arrays of their own, so four neighbouring q fill a vector; strides below 4 (the first step) take the scalar path.
/// </summary>
internal sealed class PldTransform
{
    private readonly double[] cosines;
    private readonly double[] sines;

    public PldTransform(int length)
    {
        Length = length;
        cosines = new double[length];
        sines = new double[length];
        for (var k = 0; k < length; k++) (sines[k], cosines[k]) = Math.SinCos(-2 * Math.PI * k / length);
    }

    public int Length { get; }

    /// <summary>Transforms (real, imaginary) in place. Exchanging the two arguments gives n times the inverse transform.</summary>
    public void Forward(double[] real, double[] imaginary)
    {
        double[] xr = real, xi = imaginary, yr = new double[Length], yi = new double[Length];
        var stride = 1;
        for (; Length / stride >= 4; stride *= 4)
        {
            Quarter(xr, xi, yr, yi, stride);
            (xr, xi, yr, yi) = (yr, yi, xr, xi);
        }
        if (stride < Length)
        {
            for (var q = 0; q < stride; q++)
            {
                (yr[q], yr[q + stride]) = (xr[q] + xr[q + stride], xr[q] - xr[q + stride]);
                (yi[q], yi[q + stride]) = (xi[q] + xi[q + stride], xi[q] - xi[q + stride]);
            }
            (xr, xi) = (yr, yi);
        }
        if (xr == real) return;
        xr.AsSpan().CopyTo(real);
        xi.AsSpan().CopyTo(imaginary);
    }

    private void Quarter(double[] xr, double[] xi, double[] yr, double[] yi, int s)
    {
        var quarter = Length / s / 4;
        for (var p = 0; p < quarter; p++)
        {
            int w = p * s, i0 = s * p, i1 = i0 + s * quarter, i2 = i1 + s * quarter, i3 = i2 + s * quarter, o = 4 * s * p;
            double c1 = cosines[w], s1 = sines[w], c2 = cosines[2 * w], s2 = sines[2 * w], c3 = cosines[3 * w], s3 = sines[3 * w];
            if (s >= Vector256<double>.Count)
            {
                for (var q = 0; q < s; q += Vector256<double>.Count)
                {
                    Vector256<double> ar = Load(xr, i0 + q), ai = Load(xi, i0 + q), br = Load(xr, i1 + q), bi = Load(xi, i1 + q);
                    Vector256<double> cr = Load(xr, i2 + q), ci = Load(xi, i2 + q), dr = Load(xr, i3 + q), di = Load(xi, i3 + q);
                    Vector256<double> sumR = ar + cr, sumI = ai + ci, differenceR = ar - cr, differenceI = ai - ci;
                    Vector256<double> otherR = br + dr, otherI = bi + di, turnedR = bi - di, turnedI = dr - br; // -i (b - d)
                    Store(yr, o + q, sumR + otherR);
                    Store(yi, o + q, sumI + otherI);
                    Turn(yr, yi, o + s + q, differenceR + turnedR, differenceI + turnedI, c1, s1);
                    Turn(yr, yi, o + 2 * s + q, sumR - otherR, sumI - otherI, c2, s2);
                    Turn(yr, yi, o + 3 * s + q, differenceR - turnedR, differenceI - turnedI, c3, s3);
                }
                continue;
            }
            for (var q = 0; q < s; q++)
            {
                double ar = xr[i0 + q], ai = xi[i0 + q], br = xr[i1 + q], bi = xi[i1 + q];
                double cr = xr[i2 + q], ci = xi[i2 + q], dr = xr[i3 + q], di = xi[i3 + q];
                double sumR = ar + cr, sumI = ai + ci, differenceR = ar - cr, differenceI = ai - ci;
                double otherR = br + dr, otherI = bi + di, turnedR = bi - di, turnedI = dr - br;
                (yr[o + q], yi[o + q]) = (sumR + otherR, sumI + otherI);
                (yr[o + s + q], yi[o + s + q]) = Turn(differenceR + turnedR, differenceI + turnedI, c1, s1);
                (yr[o + 2 * s + q], yi[o + 2 * s + q]) = Turn(sumR - otherR, sumI - otherI, c2, s2);
                (yr[o + 3 * s + q], yi[o + 3 * s + q]) = Turn(differenceR - turnedR, differenceI - turnedI, c3, s3);
            }
        }
    }

    private static (double Real, double Imaginary) Turn(double real, double imaginary, double cosine, double sine) =>
        (real * cosine - imaginary * sine, real * sine + imaginary * cosine);

    private static void Turn(
        double[] toReal, double[] toImaginary, int at, Vector256<double> real, Vector256<double> imaginary, double cosine, double sine)
    {
        Store(toReal, at, real * cosine - imaginary * sine);
        Store(toImaginary, at, real * sine + imaginary * cosine);
    }

    private static Vector256<double> Load(double[] from, int at) =>
        Vector256.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(from), (nuint)at);

    private static void Store(double[] to, int at, Vector256<double> value) =>
        value.StoreUnsafe(ref MemoryMarshal.GetArrayDataReference(to), (nuint)at);
}

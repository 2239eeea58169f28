using System.Collections.Concurrent;
using System.Numerics;

namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// The discrete Fourier transform of N real numbers (N a power of two, 8 or more) through a complex one of half the length: x[2k] + i
/// x[2k + 1] is transformed, and the transforms of the even and the odd half are recovered from its symmetric and antisymmetric part.
/// </summary>
internal static class PldFourier
{
    /// <summary>Tables of longer transforms are too large to keep.</summary>
    private const int LongestKept = 1 << 18;

    private static readonly ConcurrentDictionary<int, PldTransform> Kept = new();

    /// <summary>Frequencies 0..N/2 of a real signal.</summary>
    public static Complex[] Forward(double[] signal)
    {
        var half = signal.Length / 2;
        double[] real = new double[half], imaginary = new double[half];
        for (var k = 0; k < half; k++) (real[k], imaginary[k]) = (signal[2 * k], signal[2 * k + 1]);
        Transform(half).Forward(real, imaginary);
        var spectrum = new Complex[half + 1];
        for (var k = 0; k <= half; k++)
        {
            var mirror = (half - k) % half;
            Complex z = new(real[k % half], imaginary[k % half]), mirrored = new(real[mirror], -imaginary[mirror]);
            var odd = Twiddle(-k, signal.Length) * (z - mirrored);
            spectrum[k] = 0.5 * (z + mirrored + new Complex(odd.Imaginary, -odd.Real));
        }
        return spectrum;
    }

    /// <summary>The real signal of frequencies 0..N/2.</summary>
    public static double[] Inverse(Complex[] spectrum)
    {
        var half = spectrum.Length - 1;
        double[] real = new double[half], imaginary = new double[half];
        for (var k = 0; k < half; k++)
        {
            Complex x = spectrum[k], mirrored = Complex.Conjugate(spectrum[half - k]);
            var odd = Twiddle(k, 2 * half) * (x - mirrored);
            var packed = x + mirrored + new Complex(-odd.Imaginary, odd.Real);
            (real[k], imaginary[k]) = (packed.Real, packed.Imaginary);
        }
        Transform(half).Forward(imaginary, real);
        var signal = new double[2 * half];
        var scale = 0.5 / half;
        for (var k = 0; k < half; k++) (signal[2 * k], signal[2 * k + 1]) = (real[k] * scale, imaginary[k] * scale);
        return signal;
    }

    private static PldTransform Transform(int length) =>
        length > LongestKept ? new(length) : Kept.GetOrAdd(length, static length => new(length));

    private static Complex Twiddle(int k, int length)
    {
        var (sin, cos) = Math.SinCos(2 * Math.PI * k / length);
        return new(cos, sin);
    }
}

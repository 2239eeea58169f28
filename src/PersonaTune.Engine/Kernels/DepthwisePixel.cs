using System.Numerics;

namespace PersonaTune.Engine.Kernels;

/// <summary>
/// One output pixel of a depthwise convolution: sums[c] = sum over taps of x[tap pixel, c] taps[tap, c], with x (height, width, channels) and taps
/// (kernel height x kernel width, channels). Taps outside of the picture count as zero. Each channel is one chain of fused multiply-adds.
/// </summary>
internal static unsafe class DepthwisePixel
{
    public static void Sum(float* x, int height, int width, int channels, float* taps, int kernelHeight, int kernelWidth, int top, int left, float* sums)
    {
        var (y0, y1) = (Math.Max(0, -top), Math.Min(kernelHeight, height - top));
        var (x0, x1) = (Math.Max(0, -left), Math.Min(kernelWidth, width - left));
        var origin = x + ((long)top * width + left) * channels;
        var c = 0;
        for (; c <= channels - Vector<float>.Count; c += Vector<float>.Count)
        {
            var sum = Vector<float>.Zero;
            for (var ky = y0; ky < y1; ky++)
                for (var kx = x0; kx < x1; kx++)
                    sum = Vector.FusedMultiplyAdd(Vector.Load(origin + ((long)ky * width + kx) * channels + c), Vector.Load(taps + (ky * kernelWidth + kx) * channels + c), sum);
            sum.Store(sums + c);
        }

        for (; c < channels; c++)
        {
            var sum = 0f;
            for (var ky = y0; ky < y1; ky++)
                for (var kx = x0; kx < x1; kx++)
                    sum = MathF.FusedMultiplyAdd(origin[((long)ky * width + kx) * channels + c], taps[(ky * kernelWidth + kx) * channels + c], sum);
            sums[c] = sum;
        }
    }
}

using System.Numerics;

namespace PersonaTune.Engine.Kernels;

/// <summary>
/// Input gradient of a depthwise convolution: dx[tap pixel, c] += dy[pixel, c] taps[tap, c], for channels first..first + count of one picture. x and dx are
/// (height, width, channels), dy is (outputHeight, outputWidth, channels), taps (kernel height x kernel width, channels).
/// </summary>
internal static unsafe class DepthwiseGradient
{
    public static void Add(float* dy, int outputHeight, int outputWidth, float* taps, int kernelHeight, int kernelWidth, int strideHeight, int strideWidth,
        int padTop, int padLeft, float* dx, int height, int width, int channels, int first, int count)
    {
        for (var row = 0; row < outputHeight; row++)
            for (var column = 0; column < outputWidth; column++)
            {
                var (top, left) = (row * strideHeight - padTop, column * strideWidth - padLeft);
                var source = dy + ((long)row * outputWidth + column) * channels;
                for (var ky = Math.Max(0, -top); ky < Math.Min(kernelHeight, height - top); ky++)
                    for (var kx = Math.Max(0, -left); kx < Math.Min(kernelWidth, width - left); kx++)
                    {
                        var target = dx + ((long)(top + ky) * width + left + kx) * channels;
                        var factor = taps + (ky * kernelWidth + kx) * channels;
                        var c = first;
                        for (; c <= first + count - Vector<float>.Count; c += Vector<float>.Count)
                            Vector.FusedMultiplyAdd(Vector.Load(source + c), Vector.Load(factor + c), Vector.Load(target + c)).Store(target + c);
                        for (; c < first + count; c++) target[c] = MathF.FusedMultiplyAdd(source[c], factor[c], target[c]);
                    }
            }
    }
}

using PersonaTune.Privacy.Accounting;

namespace PersonaTune.Privacy.Tests.Accounting;

public sealed class PldFourierTests
{
    [Theory]
    [InlineData(4)]
    [InlineData(16)]
    [InlineData(64)]
    [InlineData(256)]
    [InlineData(512)]
    public void The_real_transform_is_the_defining_sum_and_inverts(int length)
    {
        var random = new Random(length);
        var signal = Enumerable.Range(0, length).Select(_ => random.NextDouble() - 0.5).ToArray();
        var spectrum = PldFourier.Forward(signal);
        Assert.Equal(length / 2 + 1, spectrum.Length);
        for (var k = 0; k < spectrum.Length; k++)
        {
            double real = 0, imaginary = 0;
            for (var n = 0; n < length; n++)
            {
                var angle = -2 * Math.PI * k * n / length;
                real += signal[n] * Math.Cos(angle);
                imaginary += signal[n] * Math.Sin(angle);
            }
            Assert.Equal(real, spectrum[k].Real, 1e-11);
            Assert.Equal(imaginary, spectrum[k].Imaginary, 1e-11);
        }

        var back = PldFourier.Inverse(spectrum);
        for (var n = 0; n < length; n++) Assert.Equal(signal[n], back[n], 1e-13);
    }
}

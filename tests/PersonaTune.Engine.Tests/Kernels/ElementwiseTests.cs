using PersonaTune.Engine.Kernels;

namespace PersonaTune.Engine.Tests.Kernels;

public sealed class ElementwiseTests
{
    [Fact]
    public void Every_length_to_257_agrees_with_plain_loops()
    {
        for (var n = 0; n <= 257; n++)
        {
            var x = Numbers.Normal(n, n);
            var y = Numbers.Normal(n + 1000, n);
            var added = (float[])y.Clone();
            Elementwise.Add(x, added);
            Assert.Equal(x.Zip(y, (a, b) => b + a), added);
            var scaled = (float[])y.Clone();
            Elementwise.AddScaled(x, 0.3f, scaled);
            Assert.True(Numbers.RelativeError(scaled, x.Zip(y, (a, b) => b + 0.3 * a).ToArray()) < 1e-6);
            var halved = (float[])x.Clone();
            Elementwise.Scale(halved, 0.5f);
            Assert.Equal(x.Select(v => v * 0.5f), halved);
            Assert.Equal(Numbers.Dot(x, y), Elementwise.Dot(x, y), 1e-4);
            Assert.Equal(Numbers.Dot(x, x), Elementwise.SumOfSquares(x), 1e-9);
            Assert.Equal(n == 0 ? float.NegativeInfinity : x.Max(), Elementwise.Max(x));
        }
    }

    [Fact]
    public void Unequal_lengths_are_refused()
    {
        Assert.Throws<ArgumentException>(() => Elementwise.Add(new float[3], new float[4]));
        Assert.Throws<ArgumentException>(() => Elementwise.Dot(new float[3], new float[4]));
    }
}

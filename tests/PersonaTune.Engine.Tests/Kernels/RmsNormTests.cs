using PersonaTune.Engine.Kernels;

namespace PersonaTune.Engine.Tests.Kernels;

public sealed class RmsNormTests
{
    [Fact]
    public void Every_width_to_257_agrees_with_the_scalar_form()
    {
        for (var n = 1; n <= 257; n++)
        {
            float[] x = Numbers.Normal(n, 3 * n), weight = Numbers.Normal(n + 1, n);
            float[] expected = new float[3 * n], actual = new float[3 * n];
            RmsNorm.ForwardScalar(x, weight, expected, 3, 1e-5f);
            RmsNorm.Forward(x, weight, actual, 3, 1e-5f);
            Assert.True(Numbers.RelativeError(actual, expected) < 1e-6, $"width {n}");
        }
    }

    [Theory]
    [InlineData(7)]
    [InlineData(32)]
    [InlineData(45)]
    public void Backward_agrees_with_finite_differences_and_adds(int n)
    {
        float[] x = Numbers.Normal(1, 2 * n), weight = Numbers.Normal(2, n), dy = Numbers.Normal(3, 2 * n);
        var y = new float[2 * n];
        var expected = Numbers.Gradient(x, () =>
        {
            RmsNorm.ForwardScalar(x, weight, y, 2, 1e-5f);
            return Numbers.Dot(y, dy);
        });
        var dx = new float[2 * n];
        RmsNorm.Backward(x, weight, dy, dx, 2, 1e-5f);
        Assert.True(Numbers.RelativeError(dx, expected) < 1e-3);
        var once = (float[])dx.Clone();
        RmsNorm.Backward(x, weight, dy, dx, 2, 1e-5f);
        Assert.True(Numbers.RelativeError(dx, once.Select(v => 2.0 * v).ToArray()) < 1e-6);
    }

    [Fact]
    public void Wrong_shapes_are_refused() =>
        Assert.Throws<ArgumentException>(() => RmsNorm.Forward(new float[7], new float[4], new float[8], 2, 1e-5f));
}

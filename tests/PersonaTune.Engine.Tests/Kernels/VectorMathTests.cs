using System.Numerics;
using PersonaTune.Engine.Kernels;

namespace PersonaTune.Engine.Tests.Kernels;

public sealed class VectorMathTests
{
    [Fact]
    public void Exp_is_within_three_ten_millionths_over_its_whole_range()
    {
        for (var x = -86.8f; x < 88.72f; x += 0.0371f)
        {
            var expected = Math.Exp(x);
            Assert.InRange(VectorMath.Exp(new Vector<float>(x))[0] / expected, 1 - 3e-7, 1 + 3e-7);
        }
    }

    [Theory]
    [InlineData(float.NegativeInfinity, 0f)]
    [InlineData(-87f, 0f)]
    [InlineData(0f, 1f)]
    [InlineData(89f, float.PositiveInfinity)]
    [InlineData(float.PositiveInfinity, float.PositiveInfinity)]
    [InlineData(float.NaN, float.NaN)]
    public void Exp_handles_the_edges(float x, float expected) => Assert.Equal(expected, VectorMath.Exp(new Vector<float>(x))[0]);
}

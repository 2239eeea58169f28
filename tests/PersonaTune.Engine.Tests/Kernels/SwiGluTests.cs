using PersonaTune.Engine.Kernels;

namespace PersonaTune.Engine.Tests.Kernels;

public sealed class SwiGluTests
{
    [Fact]
    public void Every_length_to_257_agrees_with_the_scalar_form()
    {
        for (var n = 0; n <= 257; n++)
        {
            float[] gate = Numbers.Normal(n, n, 4f), up = Numbers.Normal(n + 1, n), expected = new float[n], actual = new float[n];
            SwiGlu.ForwardScalar(gate, up, expected);
            SwiGlu.Forward(gate, up, actual);
            Assert.True(Numbers.RelativeError(actual, expected) < 1e-6, $"length {n}");
        }
    }

    [Fact]
    public void Extreme_gates_saturate()
    {
        var y = new float[16];
        SwiGlu.Forward([-200, -100, 100, 200, -200, -100, 100, 200, -200, -100, 100, 200, -200, -100, 100, 200], Enumerable.Repeat(1f, 16).ToArray(), y);
        Assert.All(y.Chunk(4), four => Assert.Equal([0f, 0f, 100f, 200f], four.Select(v => v + 0f)));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(67)]
    public void Backward_agrees_with_finite_differences(int n)
    {
        float[] gate = Numbers.Normal(1, n), up = Numbers.Normal(2, n), dy = Numbers.Normal(3, n), y = new float[n];
        double Loss()
        {
            SwiGlu.ForwardScalar(gate, up, y);
            return Numbers.Dot(y, dy);
        }

        var dGate = Numbers.Gradient(gate, Loss);
        var dUp = Numbers.Gradient(up, Loss);
        SwiGlu.BackwardInPlace(dy, gate, up);
        Assert.True(Numbers.RelativeError(gate, dGate) < 1e-3);
        Assert.True(Numbers.RelativeError(up, dUp) < 1e-3);
    }
}

using PersonaTune.Engine.Kernels;

namespace PersonaTune.Engine.Tests.Kernels;

public sealed class SoftmaxTests
{
    [Fact]
    public void Every_length_to_257_agrees_with_double_precision()
    {
        for (var n = 1; n <= 257; n++)
        {
            var x = Numbers.Normal(n, n, 5f);
            var scaled = x.Select(v => v * 0.5f).ToArray();
            var expected = scaled.Select(v => Math.Exp(v)).ToArray();
            var total = expected.Sum();
            var log = Softmax.Forward(x, 0.5f);
            Assert.True(Numbers.RelativeError(x, expected.Select(v => v / total).ToArray()) < 2e-6, $"length {n}");
            Assert.Equal(Math.Log(total), log, 1e-5);
            Assert.Equal(Math.Log(total), Softmax.LogSumExp(scaled), 1e-9);
        }
    }

    [Fact]
    public void Large_values_and_masked_entries_are_safe()
    {
        var x = new[] { 1e30f, float.NegativeInfinity, 1e30f };
        Softmax.Forward(x);
        Assert.Equal([0.5f, 0f, 0.5f], x);
    }
}

using PersonaTune.Engine.Kernels;

namespace PersonaTune.Engine.Tests.Kernels;

public sealed class DropoutTests
{
    [Fact]
    public void A_mask_depends_on_key_and_index_alone()
    {
        var ones = Enumerable.Repeat(1f, 300).ToArray();
        float[] whole = new float[300], parts = new float[300], other = new float[300];
        Dropout.Forward(ones, whole, 0.25f, 99, 0);
        for (var first = 0; first < 300; first += 37)
            Dropout.Forward(ones.AsSpan(first, Math.Min(37, 300 - first)), parts.AsSpan(first, Math.Min(37, 300 - first)), 0.25f, 99, (uint)first);
        Assert.Equal(whole, parts);
        Dropout.Forward(ones, other, 0.25f, 99UL << 32, 0);
        Assert.NotEqual(whole, other);
        Assert.All(whole, value => Assert.Contains(value, new[] { 0f, 4f / 3f }));
        Dropout.Backward(ones, whole, 0.25f, 99, 0);
        Assert.Equal(parts.Select(value => 2 * value), whole);
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(0.1f)]
    [InlineData(0.9f)]
    public void The_share_of_dropped_elements_is_the_probability(float probability)
    {
        // A fixed key; five standard deviations of a binomial count.
        const int Count = 100_000;
        var y = new float[Count];
        Dropout.Forward(Enumerable.Repeat(1f, Count).ToArray(), y, probability, 12345, 0);
        var margin = 5 * Math.Sqrt(Count * probability * (1 - probability));
        Assert.InRange(y.Count(value => value == 0f), Count * probability - margin, Count * probability + margin);
    }
}

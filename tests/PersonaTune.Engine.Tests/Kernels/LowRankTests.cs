using PersonaTune.Engine.Kernels;

namespace PersonaTune.Engine.Tests.Kernels;

public class LowRankTests
{
    [Fact]
    public void EqualsThePlainFormForEveryLength()
    {
        for (var length = 0; length <= 257; length++)
        {
            var rank = 1 + length % 9;
            var (inputs, outputs) = (length, (length * 7 + 3) % 61);
            var (a, b) = (Numbers.Normal(length, rank * inputs), Numbers.Normal(length + 1000, outputs * rank));
            var x = Numbers.Normal(length + 2000, 2 * inputs);
            var y = Numbers.Normal(length + 3000, 2 * outputs);
            var expected = y.ToArray();
            for (var t = 0; t < 2; t++) LowRank.Reference(x.AsSpan(t * inputs, inputs), a, b, 0.5f, expected.AsSpan(t * outputs, outputs), rank);

            // The factor stands in the middle of wider panels, as in a stack of adapters.
            var panels = new float[LowRank.PanelLength(outputs, rank + 3)];
            LowRank.Pack(b, outputs, rank, 0.5f, panels, rank + 3, 2);
            var u = new float[2 * (rank + 4)];
            var down = new float[2 * rank];
            LowRank.Down(x, a, down, 2, inputs, rank);
            for (var t = 0; t < 2; t++) down.AsSpan(t * rank, rank).CopyTo(u.AsSpan(t * (rank + 4) + 3));
            LowRank.Up(u, panels, y, 2, rank + 4, 1, rank + 3, outputs);
            Assert.InRange(Numbers.RelativeError(y, expected), 0, 1e-5);
        }
    }

    [Fact]
    public void ShortSpansAreRefused()
    {
        Assert.Throws<ArgumentException>(() => LowRank.Down(new float[3], new float[4], new float[2], 1, 4, 1));
        Assert.Throws<ArgumentException>(() => LowRank.Down(new float[4], new float[3], new float[2], 1, 4, 1));
        Assert.Throws<ArgumentException>(() => LowRank.Up(new float[1], new float[16], new float[4], 1, 2, 0, 1, 4));
        Assert.Throws<ArgumentException>(() => LowRank.Up(new float[2], new float[15], new float[4], 1, 2, 0, 1, 4));
        Assert.Throws<ArgumentException>(() => LowRank.Up(new float[2], new float[32], new float[4], 1, 2, 1, 2, 4));
    }
}

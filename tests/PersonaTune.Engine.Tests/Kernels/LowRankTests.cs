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
            var tokens = 1 + length % 4;
            var (inputs, outputs) = (length, (length * 7 + 3) % 61);
            var (a, b) = (Numbers.Normal(length, rank * inputs), Numbers.Normal(length + 1000, outputs * rank));
            var x = Numbers.Normal(length + 2000, tokens * inputs);
            var y = Numbers.Normal(length + 3000, tokens * outputs);
            var expected = y.ToArray();
            for (var t = 0; t < tokens; t++) LowRank.Reference(x.AsSpan(t * inputs, inputs), a, b, 0.5f, expected.AsSpan(t * outputs, outputs), rank);

            // The pair stands between others in wider factors, as in a stack of adapters.
            var factor = new float[LowRank.FactorLength(inputs, rank + 5)];
            LowRank.PackFactor(a, inputs, rank, factor, 3);
            var panels = new float[LowRank.PanelLength(outputs, rank + 3)];
            LowRank.PackPanels(b, outputs, rank, 0.5f, panels, rank + 3, 2);
            var width = LowRank.PaddedRank(rank + 5);
            var u = new float[tokens * width];
            LowRank.Down(x, factor, u, tokens, inputs, rank + 5);
            LowRank.Up(u, panels, y, tokens, width, 1, rank + 3, outputs);
            Assert.InRange(Numbers.RelativeError(y, expected), 0, 1e-5);
        }
    }

    [Fact]
    public void TokensTogetherEqualTokensAloneBitForBit()
    {
        const int inputs = 45, outputs = 37, rank = 6, tokens = 7;
        var (x, y) = (Numbers.Normal(1, tokens * inputs), Numbers.Normal(2, tokens * outputs));
        var factor = Numbers.Normal(3, LowRank.FactorLength(inputs, rank));
        var panels = Numbers.Normal(4, LowRank.PanelLength(outputs, rank));
        var (together, alone) = (y.ToArray(), y.ToArray());
        var u = new float[tokens * 8];
        LowRank.Down(x, factor, u, tokens, inputs, rank);
        LowRank.Up(u, panels, together, tokens, 8, 0, rank, outputs);
        for (var t = 0; t < tokens; t++)
        {
            LowRank.Down(x.AsSpan(t * inputs, inputs), factor, u, 1, inputs, rank);
            LowRank.Up(u, panels, alone.AsSpan(t * outputs, outputs), 1, 8, 0, rank, outputs);
        }

        Assert.Equal(alone, together);
    }

    [Fact]
    public void ShortSpansAreRefused()
    {
        Assert.Throws<ArgumentException>(() => LowRank.Down(new float[3], new float[32], new float[4], 1, 4, 1));
        Assert.Throws<ArgumentException>(() => LowRank.Down(new float[4], new float[31], new float[4], 1, 4, 1));
        Assert.Throws<ArgumentException>(() => LowRank.Up(new float[1], new float[16], new float[4], 1, 2, 0, 1, 4));
        Assert.Throws<ArgumentException>(() => LowRank.Up(new float[2], new float[15], new float[4], 1, 2, 0, 1, 4));
        Assert.Throws<ArgumentException>(() => LowRank.Up(new float[2], new float[32], new float[4], 1, 2, 1, 2, 4));
    }
}

using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Models;

namespace PersonaTune.Engine.Tests.Kernels;

public sealed class RopeTests
{
    [Theory]
    [InlineData(RopeStyle.AdjacentPairs)]
    [InlineData(RopeStyle.HalfSplit)]
    public void Every_even_head_length_agrees_with_the_scalar_form_and_backward_undoes_it(RopeStyle style)
    {
        for (var length = 2; length <= 258; length += 2)
        {
            var table = new RopeTable(9, length, 10_000f, style, null);
            var x = Numbers.Normal(length, 4 * 2 * length);
            var actual = (float[])x.Clone();
            var expected = (float[])x.Clone();
            Rope.Forward(actual, 4, 2, length, 5, table);
            Rope.RotateScalar(expected, 4, 2, length, 5, table, 1f);
            Assert.True(Numbers.RelativeError(actual, expected) < 1e-6, $"head length {length}");
            Rope.Backward(actual, 4, 2, length, 5, table);
            Assert.True(Numbers.RelativeError(actual, x) < 1e-6, $"head length {length}");
        }
    }

    [Fact]
    public void A_pair_turns_by_the_published_angle()
    {
        // Su et al. 2021, equation 15: pair i of position m turns by m theta^(-2i/d).
        float[] x = [1, 0, 0, 1];
        Rope.Forward(x, 1, 1, 4, 3, new RopeTable(4, 4, 100f, RopeStyle.AdjacentPairs, null));
        Assert.Equal(Math.Cos(3), x[0], 1e-6);
        Assert.Equal(Math.Sin(3), x[1], 1e-6);
        Assert.Equal(-Math.Sin(0.3), x[2], 1e-6);
        Assert.Equal(Math.Cos(0.3), x[3], 1e-6);
    }

    [Fact]
    public void Scaling_rules_change_the_frequencies()
    {
        var plain = RopeTable.Frequencies(64, 10_000f, null);
        var linear = RopeTable.Frequencies(64, 10_000f, new RopeScaling { Kind = RopeScalingKind.Linear, Factor = 4 });
        var factors = RopeTable.Frequencies(64, 10_000f,
            new RopeScaling { Kind = RopeScalingKind.Factors, Factors = Enumerable.Range(1, 32).Select(i => (float)i).ToArray() });
        var llama3 = RopeTable.Frequencies(64, 10_000f, new RopeScaling { Kind = RopeScalingKind.Llama3, Factor = 8, OriginalContextLength = 8192 });
        for (var i = 0; i < 32; i++)
        {
            Assert.Equal(plain[i] / 4, linear[i], 1e-12);
            Assert.Equal(plain[i] / (i + 1), factors[i], 1e-12);
            var wavelength = 2 * Math.PI / plain[i];
            if (wavelength < 8192 / 4.0) Assert.Equal(plain[i], llama3[i], 1e-12);
            else if (wavelength > 8192) Assert.Equal(plain[i] / 8, llama3[i], 1e-12);
            else Assert.InRange(llama3[i], plain[i] / 8, plain[i]);
        }
    }

    [Fact]
    public void Positions_beyond_the_table_and_odd_heads_are_refused()
    {
        var table = new RopeTable(4, 8, 10_000f, RopeStyle.HalfSplit, null);
        Assert.Throws<ArgumentException>(() => Rope.Forward(new float[16], 2, 1, 8, 3, table));
        Assert.Throws<ArgumentException>(() => new RopeTable(4, 7, 10_000f, RopeStyle.HalfSplit, null));
    }
}

using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;

namespace PersonaTune.Engine.Tests.Lora;

/// <summary>The flat vector of a global adapter, and parts of its rank.</summary>
public sealed class GlobalAdapterLayoutTests
{
    private static readonly LoraConfig Config = new() { Rank = 4, Alpha = 8, FreezeA = true, Seed = new string('3', 64), Targets = [LoraTarget.Query, LoraTarget.Value] };

    [Fact]
    public void A_vector_becomes_an_adapter_and_the_same_vector_again()
    {
        using var model = Model();
        var layout = new GlobalAdapterLayout(model, Config);
        var vector = Vector(layout.Dimension);
        var adapter = layout.Write(vector);
        Assert.Equal(vector, layout.Read(adapter));
        Assert.Equal(layout.Dimension, adapter.Pairs().Sum(pair => pair.Pair.B.Length));
    }

    [Fact]
    public void A_smaller_rank_is_a_part_of_the_whole_its_product_too_and_its_other_columns_are_zero()
    {
        using var model = Model();
        var layout = new GlobalAdapterLayout(model, Config);
        var vector = Vector(layout.Dimension);
        var (whole, part) = (layout.Write(vector), layout.Write(vector, 2));
        foreach (var ((_, _, large), (_, _, small)) in whole.Pairs().Zip(part.Pairs()))
        {
            Assert.Equal(large.Scale, small.Scale);
            Assert.Equal(large.A[..small.A.Length], small.A);
            for (var row = 0; row < large.Outputs; row++)
                for (var column = 0; column < 2; column++) Assert.Equal(large.B[(row * 4) + column], small.B[(row * 2) + column]);
        }

        var back = layout.Read(part);
        for (var i = 0; i < back.Length; i++) Assert.Equal(i % 4 < 2 ? vector[i] : 0, back[i]);
    }

    [Fact]
    public void The_schema_hash_changes_with_everything_that_changes_the_meaning_of_a_coordinate()
    {
        using var model = Model();
        var hashes = new[]
        {
            Config, Config with { Rank = 8 }, Config with { Alpha = 4 }, Config with { Seed = new string('4', 64) }, Config with { RankStabilized = true }, Config with { Targets = [LoraTarget.Query] },
        }.Select(config => new GlobalAdapterLayout(model, config).SchemaHash).ToArray();
        Assert.Equal(hashes.Length, hashes.Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(hashes[0], new GlobalAdapterLayout(model, Config).SchemaHash);
    }

    [Fact]
    public void What_is_no_global_adapter_is_refused()
    {
        using var model = Model();
        var layout = new GlobalAdapterLayout(model, Config);
        Assert.Throws<ArgumentException>(() => new GlobalAdapterLayout(model, Config with { FreezeA = false }));
        Assert.Throws<ArgumentException>(() => new GlobalAdapterLayout(model, Config with { RankPattern = new Dictionary<LoraTarget, int> { [LoraTarget.Query] = 2 } }));
        Assert.Throws<ArgumentException>(() => layout.Write(new float[layout.Dimension - 1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => layout.Write(new float[layout.Dimension], 5));
        Assert.Throws<ArgumentException>(() => layout.Read(LoraInitialization.Create(model, Config with { Rank = 8 })));
        Assert.Throws<ArgumentException>(() => layout.Read(LoraInitialization.Create(model, Config with { Targets = [LoraTarget.Query] })));
    }

    private static DecoderModel Model() => ModelLoader.Load(SharedData.Reference("models", "llama.gguf"));

    private static float[] Vector(int count) => [.. Enumerable.Range(1, count).Select(i => (float)i)];
}

using PersonaTune.Device.Federation;
using PersonaTune.Engine.Lora;
using PersonaTune.Privacy.SecureAggregation;
using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Device.Tests.Federation;

public sealed class LoraTermsTests
{
    [Fact]
    public void A_tasks_terms_become_the_adapters_shape()
    {
        var config = new LoraTerms(4, 8, ["q", "k", "v", "o", "gate", "up", "down", "head"], new string('9', 64), RankStabilized: true).ToLoraConfig();
        Assert.Equal((4, 8f, true, true, new string('9', 64)), (config.Rank, config.Alpha, config.RankStabilized, config.FreezeA, config.Seed));
        Assert.Equal([LoraTarget.Query, LoraTarget.Key, LoraTarget.Value, LoraTarget.Output, LoraTarget.Gate, LoraTarget.Up, LoraTarget.Down, LoraTarget.Head], config.Targets);
    }

    [Fact]
    public void An_unknown_layer_is_refused_by_name()
    {
        var error = Assert.Throws<RefusalException>(() => new LoraTerms(4, 8, ["q", "conv1"], new string('9', 64)).ToLoraConfig());
        Assert.Equal(RefusalReason.ConfigurationInvalid, error.Reason);
        Assert.Contains("conv1", error.Message, StringComparison.Ordinal);
    }
}

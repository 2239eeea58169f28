using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;

namespace PersonaTune.Device.Tests.Keyboard;

/// <summary>Adapters that change predictions visibly without any training.</summary>
internal static class Adapters
{
    public static LoraAdapter Random(DecoderModel model, int seed)
    {
        var random = new Random(seed);
        var config = new LoraConfig { Rank = 4, Alpha = 8, Targets = [LoraTarget.Output] };
        var adapter = new LoraAdapter(config, model.Config.BlockCount, model.Digest);
        var (inputs, outputs) = (model.Config.QueryLength, model.Config.EmbeddingLength);
        for (var block = 0; block < model.Config.BlockCount; block++)
            adapter[block, LoraTarget.Output] = new LoraPair(4, inputs, outputs, 2, Values(4 * inputs), Values(outputs * 4));
        return adapter;

        float[] Values(int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
    }
}

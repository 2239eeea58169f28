using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;
using PersonaTune.Engine.Tensors;
using PersonaTune.Engine.Tests.Kernels;
using PersonaTune.Engine.Training;

namespace PersonaTune.Engine.Tests.Layers;

/// <summary>Small random decoders in memory, and adapters and sequences for them.</summary>
internal static class TinyModel
{
    public static readonly LoraTarget[] AllTargets = [.. Enum.GetValues<LoraTarget>().Where(target => target != LoraTarget.Pointwise)];

    public static DecoderModel Create(int seed = 1, int dim = 24, int blocks = 2, int heads = 4, int keyHeads = 2, int headLength = 6, int hidden = 40,
        int vocabulary = 600, bool tied = false, string? digest = null, RopeStyle style = RopeStyle.AdjacentPairs)
    {
        var config = new DecoderConfig
        {
            Architecture = "llama",
            EmbeddingLength = dim,
            BlockCount = blocks,
            HeadCount = heads,
            KeyValueHeadCount = keyHeads,
            HeadLength = headLength,
            FeedForwardLength = hidden,
            VocabularySize = vocabulary,
            ContextLength = 256,
            TiedHead = tied,
            RopeStyle = style,
        };
        var next = seed * 1000;
        WeightMatrix Matrix(int rows, int columns) =>
            WeightMatrix.FromFloats(Numbers.Normal(next++, rows * columns, 1f / MathF.Sqrt(columns)), rows, columns);
        float[] Norm() => Numbers.Normal(next++, dim, 0.1f).Select(v => 1f + v).ToArray();
        var embedding = Matrix(vocabulary, dim);
        var layers = Enumerable.Range(0, blocks).Select(_ => new BlockWeights
        {
            AttentionNorm = Norm(),
            Query = Matrix(heads * headLength, dim),
            Key = Matrix(keyHeads * headLength, dim),
            Value = Matrix(keyHeads * headLength, dim),
            Output = Matrix(dim, heads * headLength),
            FeedForwardNorm = Norm(),
            Gate = Matrix(hidden, dim),
            Up = Matrix(hidden, dim),
            Down = Matrix(dim, hidden),
        }).ToArray();
        return new DecoderModel(config, embedding, layers, Norm(), tied ? embedding : Matrix(vocabulary, dim), null, digest ?? new string('a', 64), null);
    }

    /// <summary>An adapter whose B is not zero, so that every gradient is.</summary>
    public static LoraAdapter Adapter(DecoderModel model, LoraConfig config, int seed = 5)
    {
        var adapter = LoraInitialization.Create(model, config);
        foreach (var (_, _, pair) in adapter.Pairs()) Numbers.Normal(seed++, pair.B.Length, 0.2f).CopyTo(pair.B, 0);
        return adapter;
    }

    public static TrainingSequence Sequence(int seed, int length, int vocabulary = 600, int prompt = 1)
    {
        var random = new Random(seed);
        return TrainingSequence.Completion(Enumerable.Range(0, length).Select(_ => random.Next(vocabulary)).ToArray(), prompt);
    }
}

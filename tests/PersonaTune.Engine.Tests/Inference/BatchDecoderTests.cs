using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;

namespace PersonaTune.Engine.Tests.Inference;

public sealed class BatchDecoderTests : IDisposable
{
    private readonly WorkerPool _pool = new(2);

    [Theory]
    [InlineData("llama", ActivationPrecision.Exact)]
    [InlineData("wide-Q8_0", ActivationPrecision.Fast)]
    [InlineData("wide-Q4_K_M", ActivationPrecision.Fast)]
    public void SequencesDecodedTogetherEqualSequencesAlone(string name, ActivationPrecision precision)
    {
        using var model = ReferenceModels.Load(name);
        LoraTarget[] targets = [LoraTarget.Query, LoraTarget.Key, LoraTarget.Up, LoraTarget.Head];
        var stacks = new[]
        {
            AdapterStack.Empty,
            AdapterStack.Of(ReferenceModels.Random(model, 1, 2, 0.2f, targets)),
            AdapterStack.Of(ReferenceModels.Random(model, 2, 4, 0.2f, targets)).With(ReferenceModels.Random(model, 3, 1, 0.2f, LoraTarget.Down)),
            AdapterStack.Empty,
            AdapterStack.Of(ReferenceModels.Random(model, 4, 8, 0.2f, LoraTarget.Value, LoraTarget.Output, LoraTarget.Gate)),
        };
        var options = new SessionOptions { Activations = precision, CachePageLength = 4 };
        var together = stacks.Select(stack => new DecoderSession(model, _pool, options, stack)).ToArray();
        var alone = stacks.Select(stack => new DecoderSession(model, _pool, options, stack)).ToArray();
        var decoder = new BatchDecoder(model, _pool, precision);

        // Ragged prompts in one call, then one token for each, then for some of them.
        int[] counts = [3, 1, 7, 2, 5];
        decoder.Append(together, ReferenceModels.Ids.AsSpan(0, counts.Sum()), counts);
        var first = 0;
        for (var i = 0; i < alone.Length; first += counts[i++])
            Same(decoder.Logits(i), alone[i].Prefill(ReferenceModels.Ids.AsSpan(first, counts[i])));
        for (var step = 0; step < 6; step++)
        {
            int[] ids = [step, step + 1, step + 2, step + 3, step + 4];
            decoder.Decode(together, ids);
            for (var i = 0; i < alone.Length; i++) Same(decoder.Logits(i), alone[i].Decode(ids[i]));
        }

        decoder.Decode([together[4], together[1]], [9, 8]);
        Same(decoder.Logits(0), alone[4].Decode(9));
        Same(decoder.Logits(1), alone[1].Decode(8));
        Assert.Equal(2, decoder.Count);
        Assert.Throws<ArgumentOutOfRangeException>(() => decoder.Logits(2));
        for (var i = 0; i < alone.Length; i++) Assert.Equal(alone[i].Ids.ToArray(), together[i].Ids.ToArray());

        // Back to single decoding on the same cache.
        Same(together[2].Decode(5), alone[2].Decode(5));

        // On the fast path a sum that differs in its last bit can round an activation to the next of 255 steps.
        void Same(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected) =>
            Assert.InRange(ReferenceModels.RelativeRms(actual, expected), 0, precision == ActivationPrecision.Fast ? 0.01 : 1e-5);
    }

    [Fact]
    public void RefusedBatchesChangeNothing()
    {
        using var model = ReferenceModels.Load("llama");
        using var other = ReferenceModels.Load("llama");
        using var a = new DecoderSession(model, _pool, new SessionOptions { ContextLimit = 2 });
        using var b = new DecoderSession(model, _pool);
        using var foreign = new DecoderSession(other, _pool);
        var decoder = new BatchDecoder(model, _pool);
        Assert.Throws<ArgumentException>(() => decoder.Decode([], []));
        Assert.Throws<ArgumentException>(() => decoder.Decode([a, a], [1, 2]));
        Assert.Throws<ArgumentException>(() => decoder.Decode([a, foreign], [1, 2]));
        Assert.Throws<ArgumentException>(() => decoder.Decode([a, b], [1]));
        Assert.Throws<ArgumentException>(() => decoder.Decode([a, b], [1, 2, 3]));
        Assert.Throws<ArgumentException>(() => decoder.Append([a, b], [1, 2], [2, 0]));
        Assert.Throws<ArgumentOutOfRangeException>(() => decoder.Decode([b, a], [1, -2]));
        Assert.Throws<ContextLimitException>(() => decoder.Append([b, a], [1, 2, 3, 4], [1, 3]));
        Assert.Equal((0, 0), (a.Length, b.Length));
    }

    public void Dispose() => _pool.Dispose();
}

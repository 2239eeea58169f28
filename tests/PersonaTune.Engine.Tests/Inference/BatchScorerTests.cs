using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;

namespace PersonaTune.Engine.Tests.Inference;

public sealed class BatchScorerTests : IDisposable
{
    private readonly WorkerPool _pool = new(2);

    [Theory]
    [InlineData("llama", ActivationPrecision.Exact, false)]
    [InlineData("llama-untied", ActivationPrecision.Exact, true)]
    [InlineData("wide-Q8_0", ActivationPrecision.Exact, true)]
    [InlineData("wide-Q8_0", ActivationPrecision.Fast, true)]
    public void SequencesScoredTogetherEqualSequencesAlone(string name, ActivationPrecision precision, bool adapted)
    {
        using var model = ReferenceModels.Load(name);
        var stack = adapted ? AdapterStack.Of(ReferenceModels.Random(model, 1, 2, 0.2f, LoraTarget.Query, LoraTarget.Down, LoraTarget.Head)) : AdapterStack.Empty;
        var random = new Random(3);
        var longest = Math.Min(model.Config.ContextLength, 600);
        int[] lengths = [1, 2, 40, longest, 7, 1, .. Enumerable.Range(0, 30).Select(_ => 1 + random.Next(40)), 256, 3, Math.Min(longest, 257)];
        var sequences = lengths.Select(length => Enumerable.Range(0, Math.Min(length, longest)).Select(_ => random.Next(model.Config.VocabularySize)).ToArray()).ToList();
        var scores = new BatchScorer(model, _pool, stack, precision).LogProbabilities(sequences);
        Assert.Equal(sequences.Count, scores.Count);
        using var session = new DecoderSession(model, _pool, new SessionOptions { Activations = precision }, stack);
        for (var i = 0; i < sequences.Count; i++)
        {
            var expected = new float[sequences[i].Length];
            session.Reset();
            session.LogProbabilities(sequences[i], expected);
            Assert.Equal(float.NaN, scores[i][0]);
            Assert.Equal(expected.Length, scores[i].Length);
            for (var t = 1; t < expected.Length; t++) Assert.Equal(expected[t], scores[i][t], precision == ActivationPrecision.Fast ? 0.05f : 1e-3f);
        }
    }

    [Fact]
    public void ACallLeavesNothingForTheNextOne()
    {
        using var model = ReferenceModels.Load("llama");
        var scorer = new BatchScorer(model, _pool);
        int[][] sequences = [[1, 2, 3, 4], [5, 6, 7]];
        var first = scorer.LogProbabilities(sequences);
        scorer.LogProbabilities([[9, 8, 7, 6, 5, 4]]);
        Assert.Equal(first, scorer.LogProbabilities(sequences));
        Assert.Empty(scorer.LogProbabilities([]));
    }

    [Fact]
    public void WhatCannotBeScoredIsRefused()
    {
        using var model = ReferenceModels.Load("llama");
        using var source = new CancellationTokenSource();
        source.Cancel();
        var scorer = new BatchScorer(model, _pool);
        Assert.Throws<ArgumentException>(() => scorer.LogProbabilities([[1, 2], []]));
        Assert.Throws<ArgumentOutOfRangeException>(() => scorer.LogProbabilities([[1, model.Config.VocabularySize]]));
        Assert.Throws<ContextLimitException>(() => scorer.LogProbabilities([new int[model.Config.ContextLength + 1]]));
        Assert.Throws<OperationCanceledException>(() => scorer.LogProbabilities([[1, 2]], source.Token));
    }

    public void Dispose() => _pool.Dispose();
}

using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;

namespace PersonaTune.Engine.Tests.Inference;

public sealed class DecoderSessionTests : IDisposable
{
    private const float Close = 2e-4f;
    private readonly WorkerPool _pool = new(2);
    private readonly DecoderModel _model = ReferenceModels.Load("llama");

    [Theory]
    [InlineData("llama", ActivationPrecision.Exact)]
    [InlineData("wide-Q8_0", ActivationPrecision.Exact)]
    [InlineData("wide-Q8_0", ActivationPrecision.Fast)]
    [InlineData("wide-Q4_K_M", ActivationPrecision.Fast)]
    public void PrefillEqualsTokenByToken(string name, ActivationPrecision precision)
    {
        using var model = ReferenceModels.Load(name);
        var options = new SessionOptions { Activations = precision, CachePageLength = 7 };
        using var batch = new DecoderSession(model, _pool, options);
        using var single = new DecoderSession(model, _pool, options);
        var all = batch.Logits(ReferenceModels.Ids);
        var vocabulary = model.Config.VocabularySize;
        // On the fast path a sum that differs in its last bit can round an activation to the next of 255 steps.
        var tolerance = precision == ActivationPrecision.Fast ? 0.01 : 1e-5;
        for (var t = 0; t < ReferenceModels.Ids.Length; t++)
            Assert.InRange(ReferenceModels.RelativeRms(single.Decode(ReferenceModels.Ids[t]), all.Slice(t * vocabulary, vocabulary)), 0, tolerance);
        Assert.Equal(ReferenceModels.Ids, single.Ids.ToArray());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(16)]
    [InlineData(39)]
    [InlineData(40)]
    public void ChunkedPrefillEqualsOneBatch(int chunk)
    {
        using var whole = new DecoderSession(_model, _pool);
        using var chunked = new DecoderSession(_model, _pool, new SessionOptions { PrefillChunk = chunk, CachePageLength = 5 });
        Assert.InRange(ReferenceModels.Largest(chunked.Prefill(ReferenceModels.Ids), whole.Prefill(ReferenceModels.Ids)), 0, Close);
        chunked.Reset();
        whole.Reset();
        Assert.InRange(ReferenceModels.Largest(chunked.Logits(ReferenceModels.Ids), whole.Logits(ReferenceModels.Ids)), 0, Close);
    }

    [Fact]
    public void TruncatingAndDecodingAgainRepeatsEveryBit()
    {
        using var session = new DecoderSession(_model, _pool, new SessionOptions { CachePageLength = 4 });
        session.Prefill(ReferenceModels.Ids.AsSpan(0, 20));
        var first = session.Decode(5).ToArray();
        session.Decode(6);
        session.Decode(7);
        session.Truncate(20);
        Assert.Equal(first, session.Decode(5).ToArray());
        Assert.Equal(21, session.Length);
    }

    [Fact]
    public void ContinueReusesTheCommonPrefix()
    {
        using var session = new DecoderSession(_model, _pool);
        using var fresh = new DecoderSession(_model, _pool);
        int[] first = [1, 5, 9, 13], second = [1, 5, 9, 20, 21], shorter = [1, 5];
        foreach (var ids in new[] { first, second, second, shorter, first })
        {
            var logits = session.Continue(ids);
            Assert.Equal(ids, session.Ids.ToArray());
            fresh.Reset();
            Assert.InRange(ReferenceModels.Largest(logits, fresh.Prefill(ids)), 0, Close);
        }
    }

    [Fact]
    public void ForksShareThePastAndPartInTheFuture()
    {
        var adapter = ReferenceModels.Random(_model, 3, 2, 0.1f, LoraTarget.Query, LoraTarget.Down, LoraTarget.Head);
        var slot = new AdapterSlot(_model, AdapterStack.Of(adapter));
        var released = 0;
        slot.Released += _ => released++;
        using var session = new DecoderSession(slot, _pool, new SessionOptions { CachePageLength = 8 });
        session.Prefill(ReferenceModels.Ids.AsSpan(0, 20));
        using var fork = session.Fork();
        slot.Swap(AdapterStack.Empty);
        var a = session.Decode(3).ToArray();
        var b = fork.Decode(4).ToArray();
        using var straight = new DecoderSession(_model, _pool, new SessionOptions { CachePageLength = 8 }, AdapterStack.Of(adapter));
        straight.Prefill(ReferenceModels.Ids.AsSpan(0, 20));
        Assert.Equal(straight.Decode(3).ToArray(), a);
        straight.Truncate(20);
        Assert.Equal(straight.Decode(4).ToArray(), b);
        Assert.Equal([.. ReferenceModels.Ids[..20], 4], fork.Ids.ToArray());

        // A fork that is sent back to a shorter prefix of its origin, again and again, as a beam search does.
        for (var length = 5; length <= 21; length++)
        {
            fork.CopyFrom(session, length);
            var logits = fork.Decode(7);
            straight.Truncate(0);
            straight.Prefill([.. session.Ids[..length], 7]);
            straight.Truncate(length);
            Assert.InRange(ReferenceModels.Largest(logits, straight.Decode(7)), 0, Close);
        }

        session.Dispose();
        Assert.Equal(0, released);
        fork.Dispose();
        Assert.Equal(1, released);
    }

    [Fact]
    public void LogProbabilitiesAreThoseOfTheLogits()
    {
        using var session = new DecoderSession(_model, _pool, new SessionOptions { PrefillChunk = 6 });
        var actual = new float[ReferenceModels.Ids.Length];
        session.LogProbabilities(ReferenceModels.Ids.AsSpan(0, 25), actual.AsSpan(0, 25));
        session.LogProbabilities(ReferenceModels.Ids.AsSpan(25), actual.AsSpan(25));
        Assert.True(float.IsNaN(actual[0]));
        var logits = ReferenceModels.Floats("llama.logits.f32");
        for (var t = 1; t < actual.Length; t++)
        {
            var row = logits.AsSpan((t - 1) * _model.Config.VocabularySize, _model.Config.VocabularySize);
            Assert.Equal(row[ReferenceModels.Ids[t]] - Softmax.LogSumExp(row), actual[t], 1e-3);
        }
    }

    [Fact]
    public void HalfPrecisionCacheStaysClose()
    {
        using var full = new DecoderSession(_model, _pool);
        using var half = new DecoderSession(_model, _pool, new SessionOptions { CachePrecision = KvPrecision.F16 });
        var error = ReferenceModels.RelativeRms(half.Logits(ReferenceModels.Ids), full.Logits(ReferenceModels.Ids));
        Assert.InRange(error, 1e-8, 2e-3);
        Assert.True(half.Cache.MemoryBytes * 2 == full.Cache.MemoryBytes);
    }

    [Fact]
    public void DecodingAllocatesNothing()
    {
        using var session = new DecoderSession(_model, _pool, null, AdapterStack.Of(ReferenceModels.Adapter(_model)));
        session.Reserve(120);
        var sampler = new Sampler(new SamplingOptions { RepetitionPenalty = 1.1f }, _model.Config.VocabularySize);
        var id = 1;
        for (var i = 0; i < 10; i++) id = Step(id);
        // A thread's scratch grows once, when it first gets the largest part of a product; which part it gets depends on the machine's load. What
        // each step allocated would show in every window.
        var allocated = new List<long>();
        while (allocated.Count < 5 && (allocated.Count == 0 || allocated[^1] > 0))
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 20; i++) id = Step(id);
            allocated.Add(GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.True(allocated[^1] == 0, $"bytes allocated in windows of 20 tokens: {string.Join(", ", allocated)}");

        int Step(int last)
        {
            var next = sampler.Sample(session.Decode(last));
            sampler.Accept(next);
            return next;
        }
    }

    [Fact]
    public void ErrorsLeaveTheSessionAsItWas()
    {
        using var session = new DecoderSession(_model, _pool, new SessionOptions { ContextLimit = 10 });
        session.Prefill([1, 2, 3]);
        Assert.Throws<ArgumentOutOfRangeException>(() => session.Prefill([4, _model.Config.VocabularySize]));
        Assert.Throws<ArgumentOutOfRangeException>(() => session.Decode(-1));
        Assert.Throws<ArgumentException>(() => session.Prefill([]));
        var full = Assert.Throws<ContextLimitException>(() => session.Logits(new int[8]));
        Assert.Equal((3, 8, 10), (full.Position, full.Added, full.Limit));
        Assert.Equal([1, 2, 3], session.Ids.ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => session.Truncate(4));
        session.Prefill(new int[7]);
        Assert.Throws<ContextLimitException>(() => session.Decode(1));
        session.Dispose();
        Assert.Throws<ObjectDisposedException>(() => session.Decode(1));
    }

    [Fact]
    public void BuffersOfEndedSessionsServeNewOnes()
    {
        var options = new SessionOptions { CachePageLength = 8 };
        float[] expected;
        using (var first = new DecoderSession(_model, _pool, options)) expected = first.Prefill(ReferenceModels.Ids).ToArray();
        using (var other = new DecoderSession(_model, _pool, options)) other.Prefill([.. ReferenceModels.Ids.Reverse()]);
        var before = GC.GetAllocatedBytesForCurrentThread();
        using var again = new DecoderSession(_model, _pool, options);
        var logits = again.Prefill(ReferenceModels.Ids);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 4096, "no page and no working buffer is allocated again");
        Assert.Equal(expected, logits.ToArray());

        // What a fork still reads is not handed on when its origin ends.
        var fork = again.Fork();
        again.Dispose();
        using var third = new DecoderSession(_model, _pool, options);
        third.Prefill([.. ReferenceModels.Ids.Reverse()]);
        Assert.Equal(expected, fork.Continue(ReferenceModels.Ids).ToArray(), (a, b) => Math.Abs(a - b) < Close);
    }

    [Fact]
    public async Task ASecondThreadIsRefusedAndCannotTakeTheBuffers()
    {
        using var pool = new WorkerPool(1);
        using var session = new DecoderSession(_model, pool);
        session.Prefill(ReferenceModels.Ids);
        session.Enter(); // as a call on another thread would
        await Task.Run(() =>
        {
            Assert.Throws<InvalidOperationException>(() => session.Decode(1));
            Assert.Throws<InvalidOperationException>(() => session.Truncate(0));
            session.Dispose();
        });
        using var next = new DecoderSession(_model, pool);
        next.Prefill([1, 2, 3]);
        session.Exit();
        Assert.Equal(ReferenceModels.Ids.Length, session.Cache.Length);
        Assert.Throws<ObjectDisposedException>(() => session.Decode(1));
    }

    [Fact]
    public void OptionsOutOfRangeAreRefused()
    {
        foreach (var options in new SessionOptions[]
        {
            new() { ContextLimit = 0 }, new() { ContextLimit = _model.Config.ContextLength + 1 }, new() { CachePageLength = 0 }, new() { PrefillChunk = 4097 },
        })
        {
            Assert.Throws<EngineException>(() => new DecoderSession(_model, _pool, options));
        }
    }

    [Fact]
    public void ARefusedSessionLetsGoOfTheSlot()
    {
        var slot = new AdapterSlot(_model);
        Assert.Throws<EngineException>(() => new DecoderSession(slot, _pool, new SessionOptions { PrefillChunk = 0 }));
        Assert.Equal(0, slot.Current.Pins);
    }

    public void Dispose()
    {
        _pool.Dispose();
        _model.Dispose();
    }
}

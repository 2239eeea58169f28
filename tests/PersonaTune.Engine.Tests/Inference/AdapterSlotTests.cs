using System.Collections.Concurrent;
using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;

namespace PersonaTune.Engine.Tests.Inference;

public sealed class AdapterSlotTests : IDisposable
{
    private readonly DecoderModel _model = ReferenceModels.Load("llama");

    [Fact]
    public void ASnapshotLivesUntilItsLastPinEnds()
    {
        var slot = new AdapterSlot(_model);
        var released = new List<long>();
        slot.Released += snapshot => released.Add(snapshot.Version);
        var first = slot.Acquire();
        var second = first.Duplicate();
        Assert.Equal(2, slot.Current.Pins);
        Assert.Equal(1, slot.Swap(AdapterStack.Empty));
        Assert.Equal(2, first.Snapshot.Pins);
        first.Dispose();
        first.Dispose();
        Assert.Empty(released);
        Assert.False(second.Snapshot.IsReleased);
        second.Dispose();
        Assert.Equal([0], released);
        Assert.True(second.Snapshot.IsReleased);
        Assert.Throws<ObjectDisposedException>(second.Duplicate);
        Assert.Equal(2, slot.Swap(AdapterStack.Empty));
        Assert.Equal([0, 1], released);
        Assert.False(slot.Current.IsReleased);
    }

    /// <summary>
    /// Eight generations at a time while adapters are swapped 1,000 times. Each text must equal, token by token, the text that its own
    /// adapter writes alone; a sequence that saw two adapters would differ from every one of them.
    /// </summary>
    [Fact]
    public async Task NoSequenceMixesAdaptersUnderAThousandSwaps()
    {
        const int generations = 8, swaps = 1000, kinds = 4;
        var stacks = Enumerable.Range(0, kinds).Select(i => i == 0 ? AdapterStack.Empty : AdapterStack.Of(
            ReferenceModels.Random(_model, i, 2, 0.3f, LoraTarget.Query, LoraTarget.Value, LoraTarget.Output, LoraTarget.Down))).ToArray();
        using var pool = new WorkerPool(2);
        var alone = stacks.Select(stack =>
        {
            using var session = new DecoderSession(_model, pool, null, stack);
            return Generate(session);
        }).ToArray();
        for (var i = 0; i < kinds; i++)
            for (var j = 0; j < i; j++)
                Assert.NotEqual(alone[i], alone[j]);

        var slot = new AdapterSlot(_model, stacks[0]);
        var released = new ConcurrentBag<long>();
        slot.Released += snapshot => released.Add(snapshot.Version);
        var texts = new ConcurrentBag<(long Version, int[] Ids)>();
        using var done = new CancellationTokenSource();
        var writers = Enumerable.Range(0, generations).Select(_ => Task.Factory.StartNew(() =>
        {
            do
            {
                using var session = new DecoderSession(slot, pool);
                texts.Add((session.AdapterVersion!.Value, Generate(session)));
            }
            while (!done.IsCancellationRequested);
        }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToArray();

        for (var i = 1; i <= swaps; i++)
        {
            // Swaps are spread over the generations: wait until at least one more token sequence is on its way every so often.
            var seen = texts.Count;
            Assert.Equal(i, slot.Swap(stacks[i % kinds]));
            if (i % 25 == 0) SpinWait.SpinUntil(() => texts.Count > seen, TimeSpan.FromSeconds(30));
        }

        await done.CancelAsync();
        await Task.WhenAll(writers);
        Assert.All(texts, text => Assert.Equal(alone[text.Version % kinds], text.Ids));
        Assert.True(texts.Select(text => text.Version).Distinct().Count() > 10, "sequences started between swaps");
        Assert.Equal(Enumerable.Range(0, swaps).Select(i => (long)i), released.Order());
        Assert.Equal(0, slot.Current.Pins);
    }

    public void Dispose() => _model.Dispose();

    private static int[] Generate(DecoderSession session)
    {
        var ids = new List<int>();
        var logits = session.Prefill(ReferenceModels.Ids.AsSpan(0, 12));
        var sampler = new Sampler(new SamplingOptions { Temperature = 1, Seed = 7 }, logits.Length);
        for (var i = 0; i < 24; i++)
        {
            ids.Add(sampler.Sample(logits));
            logits = session.Decode(ids[^1]);
        }

        return [.. ids];
    }
}

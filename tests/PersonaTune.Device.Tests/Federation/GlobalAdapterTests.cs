using PersonaTune.Device.Federation;
using PersonaTune.Device.Personalization;
using PersonaTune.Device.Tests.Personalization;
using PersonaTune.Device.Tests.Storage;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Training;
using PersonaTune.Protocol.Releases;
using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Device.Tests.Federation;

/// <summary>The global adapter on the device: trained, stored, and beneath the personal one.</summary>
public sealed class GlobalAdapterTests
{
    private static readonly LoraConfig Config = new() { Rank = 4, Alpha = 8, FreezeA = true, Seed = new string('9', 64), Targets = [LoraTarget.Value, LoraTarget.Output] };

    [Fact]
    public async Task Local_training_from_a_global_adapter_improves_it_repeats_and_leaves_higher_ranks_at_zero()
    {
        var layout = new GlobalAdapterLayout(TestModel.Keyboard, Config);
        var encoder = new MessageEncoder(TestModel.Keyboard.Tokenizer!, 48);
        TrainingSequence[] Messages(int first, int count) => [.. Enumerable.Range(first, count).SelectMany(i => encoder.Encode(PersonalBench.Message(i)).Pieces).Select(piece => piece.ToSequence())];
        var terms = new LocalTrainingTerms(2, 0, 1e-2, 4);
        async Task<FederatedUpdate> TrainAsync(int rank, float[] start) =>
            await new KeyboardFederatedTrainer(TestModel.Keyboard, layout, rank, Messages(0, 24), Messages(30, 8), TestModel.Pool).TrainAsync(start, terms, CancellationToken.None);
        var first = await TrainAsync(4, new float[layout.Dimension]);
        Assert.True(first.LossAfter < 0.9 * first.LossBefore, $"{first.LossBefore} -> {first.LossAfter}");
        Assert.Equal(first.Delta, (await TrainAsync(4, new float[layout.Dimension])).Delta);
        var second = await TrainAsync(2, first.Delta);
        Assert.True(second.LossAfter < second.LossBefore, $"{second.LossBefore} -> {second.LossAfter}");
        for (var i = 0; i < layout.Dimension; i++)
            if (i % 4 >= 2) Assert.Equal(0, second.Delta[i]);
    }

    [Fact]
    public async Task The_personal_adapter_stacks_on_the_global_one_and_is_gated_with_it()
    {
        await using var bench = await PersonalBench.CreateAsync();
        var layout = new GlobalAdapterLayout(TestModel.Keyboard, Config);
        var global = layout.Write([.. Enumerable.Range(0, layout.Dimension).Select(i => (i % 5) * 1e-3f)]);
        await bench.Personalizer.UseGlobalAsync(global);
        Assert.Same(global, Assert.Single(bench.Slot.Current.Stack.Entries).Adapter);
        await bench.AddAsync(Enumerable.Range(0, 40));
        await bench.Personalizer.UseAsync(PersonalBench.User);
        var outcome = await bench.Personalizer.TrainAsync(PersonalBench.User);
        Assert.Equal(TrainingStatus.Promoted, outcome.Status);
        Assert.Equal(2, bench.Slot.Current.Stack.Entries.Count);
        Assert.Same(global, bench.Slot.Current.Stack.Entries[0].Adapter);
        await bench.Personalizer.UseGlobalAsync(null);
        Assert.Single(bench.Slot.Current.Stack.Entries);
        await bench.Personalizer.UseGlobalAsync(global);
        await bench.Personalizer.RollbackAsync(PersonalBench.User);
        Assert.Same(global, Assert.Single(bench.Slot.Current.Stack.Entries).Adapter);
    }

    [Fact]
    public async Task A_release_is_there_after_a_restart()
    {
        using var folder = new StoreFolder();
        var manifest = new ReleaseManifest("t", 3, 2, 3, null, new string('a', 64), new string('b', 64), 2, new string('c', 64), 10, new PrivacyStatement(1.5, 1e-5, "add-or-remove-one"), StoreFolder.Noon);
        await using (var store = await folder.OpenAsync())
        {
            Assert.Null(await SealedGlobalAdapters.LoadAsync(store, "t"));
            await SealedGlobalAdapters.SaveAsync(store, new GlobalRelease(manifest, ReleaseState.Live, [1, 2]));
        }

        await using (var store = await folder.OpenAsync())
        {
            var release = (await SealedGlobalAdapters.LoadAsync(store, "t"))!;
            Assert.Equal(manifest, release.Manifest);
            Assert.Equal([1f, 2f], release.Vector);
        }
    }
}

using PersonaTune.Device.Adapters;
using PersonaTune.Device.Personalization;

namespace PersonaTune.Device.Tests.Personalization;

/// <summary>Deleting examples deletes what was learned from them.</summary>
public sealed class DeletionTests
{
    [Fact]
    [Trait("Duration", "Long")]
    public async Task Retraining_after_a_deletion_equals_a_store_that_never_held_the_deleted_examples_to_the_bit()
    {
        int[] deleted = [0, 3, 11, 19, 27]; // oldest, middle, and one of the held-out newest
        await using var bench = await PersonalBench.CreateAsync();
        var ids = await bench.AddAsync(Enumerable.Range(0, 28));
        var learned = await bench.Personalizer.TrainAsync(PersonalBench.User);
        Assert.Equal(TrainingStatus.Promoted, learned.Status);

        var deletion = await bench.Personalizer.DeleteExamplesAsync(PersonalBench.User, [.. deleted.Select(i => ids[i])]);
        Assert.Equal(5, deletion.Deleted);
        Assert.Equal(learned.Adapter!.Id, Assert.Single(deletion.Invalidated).Id);
        Assert.Null(deletion.Active);
        Assert.Empty(bench.Slot.Current.Stack.Entries);
        await Assert.ThrowsAsync<AdapterNotFoundException>(() => bench.WeightsAsync(learned.Adapter.Id));
        var cacheAfterDeletion = await CacheAsync(bench);

        var retrained = await bench.Personalizer.RetrainAsync(PersonalBench.User, learned.Adapter.Id);
        Assert.Equal(TrainingStatus.Promoted, retrained.Status);

        await using var fresh = await PersonalBench.CreateAsync();
        var remaining = Enumerable.Range(0, 28).Except(deleted).ToList();
        await fresh.Store.Examples.AddRangeAsync(PersonalBench.User, "messages", [.. remaining.Select(i =>
            Device.Storage.NewExample.FromText(PersonalBench.Message(i), Storage.StoreFolder.Noon.AddMinutes(i)))]);
        var never = await fresh.Personalizer.TrainAsync(PersonalBench.User);
        Assert.Equal(await fresh.WeightsAsync(never.Adapter!.Id), await bench.WeightsAsync(retrained.Adapter!.Id));
        Assert.Equal(never.Decision!.Candidate, retrained.Decision!.Candidate);
        Assert.Equal(await CacheAsync(fresh), await CacheAsync(bench));
        Assert.Equal(never.Mixture!.ToWeights(), retrained.Mixture!.ToWeights());
        // Between deletion and retraining the cache held the remaining messages only.
        Assert.Equal(remaining.Count, Device.Keyboard.NGramCache.FromBytes(cacheAfterDeletion).MessageCount);
    }

    [Fact]
    public async Task An_adapter_that_never_saw_the_deleted_example_stays()
    {
        await using var bench = await PersonalBench.CreateAsync(new PersonalizationOptions { Recipe = PersonalBench.Quick with { MaximumExamples = 20 } });
        var ids = await bench.AddAsync(Enumerable.Range(0, 24)); // the oldest four are left out
        var learned = await bench.Personalizer.TrainAsync(PersonalBench.User);
        var deletion = await bench.Personalizer.DeleteExamplesAsync(PersonalBench.User, [ids[1]]);
        Assert.Empty(deletion.Invalidated);
        Assert.Equal(learned.Adapter!.Id, deletion.Active!.Id);
        Assert.Single(bench.Slot.Current.Stack.Entries);
    }

    [Fact]
    [Trait("Duration", "Long")]
    public async Task A_deletion_through_the_store_itself_is_noticed()
    {
        await using var bench = await PersonalBench.CreateAsync();
        var ids = await bench.AddAsync(Enumerable.Range(0, 20));
        var learned = await bench.Personalizer.TrainAsync(PersonalBench.User);
        await bench.Store.Examples.DeleteAsync(PersonalBench.User, "messages", [ids[5]]);
        await bench.Personalizer.ReconcileAsync(PersonalBench.User); // waits for what the deletion set off
        Assert.Equal(AdapterState.Invalidated, (await bench.Library.GetAsync(PersonalBench.User, learned.Adapter!.Id)).State);
        Assert.Empty(bench.Slot.Current.Stack.Entries);
    }

    [Fact]
    public async Task A_deletion_while_the_application_was_not_there_is_completed_at_its_next_start()
    {
        var bench = await PersonalBench.CreateAsync();
        var ids = await bench.AddAsync(Enumerable.Range(0, 20));
        var learned = await bench.Personalizer.TrainAsync(PersonalBench.User);
        bench.Personalizer.Dispose(); // as if the process died after the store's commit: nobody hears of the deletion
        await bench.Store.Examples.DeleteAsync(PersonalBench.User, "messages", [ids[19]]);
        bench.KeepFolder = true;
        await bench.DisposeAsync();

        await using var restarted = await PersonalBench.CreateAsync(folder: bench.Folder);
        Assert.Null(await restarted.Personalizer.UseAsync(PersonalBench.User));
        Assert.Equal(AdapterState.Invalidated, (await restarted.Library.GetAsync(PersonalBench.User, learned.Adapter!.Id)).State);
    }

    [Fact]
    public async Task Deleting_an_example_of_a_running_training_ends_it_without_a_trace()
    {
        await using var bench = await PersonalBench.CreateAsync();
        var ids = await bench.AddAsync(Enumerable.Range(0, 24));
        Task? deletion = null;
        var training = bench.Personalizer.TrainAsync(PersonalBench.User, new AtFirstStep(() =>
            deletion = bench.Personalizer.DeleteExamplesAsync(PersonalBench.User, [ids[2]])));
        var error = await Assert.ThrowsAsync<ExamplesDeletedException>(() => training);
        Assert.Equal(1, error.Missing);
        await deletion!;
        Assert.Empty(await bench.Library.ListAsync(PersonalBench.User));
        Assert.False(await bench.Personalizer.HasInterruptedRunAsync(PersonalBench.User));
        Assert.Equal(TrainingStatus.Promoted, (await bench.Personalizer.TrainAsync(PersonalBench.User)).Status);
    }

    [Fact]
    [Trait("Duration", "Long")]
    public async Task Too_few_examples_left_is_said_and_a_forgotten_person_leaves_the_slot()
    {
        await using var bench = await PersonalBench.CreateAsync();
        var ids = await bench.AddAsync(Enumerable.Range(0, 20));
        var learned = await bench.Personalizer.TrainAsync(PersonalBench.User);
        await bench.Personalizer.DeleteExamplesAsync(PersonalBench.User, [ids[0]]);
        await Assert.ThrowsAsync<TooFewExamplesException>(() => bench.Personalizer.RetrainAsync(PersonalBench.User, learned.Adapter!.Id));

        await bench.AddAsync(Enumerable.Range(0, 20), "bob");
        await bench.Personalizer.UseAsync("bob");
        await bench.Personalizer.TrainAsync("bob");
        Assert.Single(bench.Slot.Current.Stack.Entries);
        await bench.Store.ForgetAsync("bob");
        Assert.Empty(bench.Slot.Current.Stack.Entries);
        Assert.Null(await bench.Personalizer.UseAsync("bob"));
    }

    private static async Task<byte[]> CacheAsync(PersonalBench bench) =>
        (await bench.Store.Blobs.GetAsync(PersonalBench.User, "keyboard", "ngram-cache"))!.Content.ToArray();

    private sealed class AtFirstStep(Action action) : IProgress<PersonalizationProgress>
    {
        private bool _done;

        public void Report(PersonalizationProgress value)
        {
            if (_done || value.Phase != PersonalizationPhase.Training) return;
            _done = true;
            action();
        }
    }
}

using PersonaTune.Device.Personalization;
using PersonaTune.Device.Scheduling;
using PersonaTune.Device.Storage;
using PersonaTune.Device.Tests.Storage;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Device.Tests.Personalization;

/// <summary>Training that is stopped at any micro-batch goes on later with the same result to the bit.</summary>
public sealed class InterruptionTests
{
    private static readonly PersonalizationOptions Options = new() { Recipe = PersonalBench.Quick with { MaximumEpochs = 2, BatchSize = 4 } };

    [Fact]
    public async Task A_pause_takes_effect_within_one_micro_batch_and_changes_no_bit()
    {
        var expected = await UninterruptedAsync();
        var scheduling = SchedulingOptions.Unrestricted with { RequireIdle = true, PausedPollInterval = TimeSpan.FromMilliseconds(5) };
        await using var bench = await PersonalBench.CreateAsync(Options, scheduling);
        await bench.AddAsync(Enumerable.Range(0, 20));
        var (steps, stepsWhilePaused, pauses) = (0, 0, 0);
        var paused = false;
        var outcome = await bench.Personalizer.TrainAsync(PersonalBench.User, new Immediate(progress =>
        {
            switch (progress.Phase)
            {
                case PersonalizationPhase.Training:
                    steps++;
                    if (paused) stepsWhilePaused++;
                    // The person comes back in the middle of the run, right after a step.
                    if (steps is 2 or 7)
                    {
                        paused = true;
                        bench.Conditions.State = bench.Conditions.State with { Idle = false };
                    }
                    break;
                case PersonalizationPhase.Paused:
                    pauses++;
                    Assert.Equal(PauseReason.InUse, progress.Pause);
                    paused = false;
                    bench.Conditions.State = bench.Conditions.State with { Idle = true };
                    break;
            }
        }));
        Assert.Equal((2, 0), (pauses, stepsWhilePaused));
        Assert.Equal(TrainingStatus.Promoted, outcome.Status);
        Assert.Equal(expected, await bench.WeightsAsync(outcome.Adapter!.Id));
    }

    [Fact]
    [Trait("Duration", "Long")]
    public async Task A_long_pause_suspends_and_the_next_call_goes_on_to_the_same_bits()
    {
        var expected = await UninterruptedAsync();
        var scheduling = SchedulingOptions.Unrestricted with { RequireExternalPower = true, MaximumPause = TimeSpan.Zero };
        var bench = await PersonalBench.CreateAsync(Options, scheduling);
        await bench.AddAsync(Enumerable.Range(0, 20));
        for (var stop = 1; stop <= 3; stop++)
        {
            var steps = 0;
            var target = stop;
            var suspended = await bench.Personalizer.TrainAsync(PersonalBench.User, new Immediate(progress =>
            {
                if (progress.Phase == PersonalizationPhase.Training && ++steps == target)
                    bench.Conditions.State = bench.Conditions.State with { Power = PowerSource.Battery };
            }));
            Assert.Equal((TrainingStatus.Suspended, PauseReason.OnBattery), (suspended.Status, suspended.Pause));
            Assert.Equal(stop > 1, suspended.Resumed);
            Assert.True(await bench.Personalizer.HasInterruptedRunAsync(PersonalBench.User));
            // A message that arrives meanwhile waits for the next run.
            await bench.AddAsync(["something else entirely"]);
            bench.Personalizer.Dispose();
            bench.KeepFolder = true;
            await bench.DisposeAsync();
            bench = await PersonalBench.CreateAsync(Options, scheduling, folder: bench.Folder);
        }
        await using (bench)
        {
            var outcome = await bench.Personalizer.TrainAsync(PersonalBench.User);
            Assert.True(outcome.Resumed);
            Assert.Equal(TrainingStatus.Promoted, outcome.Status);
            Assert.Equal(expected, await bench.WeightsAsync(outcome.Adapter!.Id));
            Assert.Equal(20, outcome.Adapter.Manifest.TrainingExamples.Count + outcome.Adapter.Manifest.ValidationExamples.Count);
        }
    }

    [Fact]
    [Trait("Duration", "Long")]
    public async Task Cancelling_saves_the_checkpoint_and_another_recipe_starts_anew()
    {
        var expected = await UninterruptedAsync();
        var bench = await PersonalBench.CreateAsync(Options);
        await bench.AddAsync(Enumerable.Range(0, 20));
        using (var cancelled = new CancellationTokenSource())
        {
            var steps = 0;
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => bench.Personalizer.TrainAsync(PersonalBench.User, new Immediate(progress =>
            {
                if (progress.Phase == PersonalizationPhase.Training && ++steps == 3) cancelled.Cancel();
            }), cancelled.Token));
        }
        Assert.True(await bench.Personalizer.HasInterruptedRunAsync(PersonalBench.User));
        bench.KeepFolder = true;
        await bench.DisposeAsync();

        await using (var other = await PersonalBench.CreateAsync(new PersonalizationOptions { Recipe = Options.Recipe with { Seed = 2 } }, folder: bench.Folder))
        {
            other.KeepFolder = true;
            var outcome = await other.Personalizer.TrainAsync(PersonalBench.User);
            Assert.False(outcome.Resumed);
            Assert.NotEqual(expected, await other.WeightsAsync(outcome.Adapter!.Id));
        }
        bench.Folder.Dispose();
    }

    /// <summary>The database hands the sealed checkpoint out with one bit changed, in every byte in turn.</summary>
    [Fact]
    [Trait("Duration", "Long")]
    public async Task An_altered_checkpoint_is_refused_whatever_byte_was_altered()
    {
        // A small adapter, so that the checkpoint is small enough to try every byte.
        var tiny = Options.Recipe with { Lora = new() { Rank = 1, Alpha = 1, Targets = [Engine.Lora.LoraTarget.Value], FreezeA = true } };
        var bench = await PersonalBench.CreateAsync(new PersonalizationOptions { Recipe = tiny });
        await bench.AddAsync(Enumerable.Range(0, 20));
        using (var cancelled = new CancellationTokenSource())
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => bench.Personalizer.TrainAsync(PersonalBench.User, new Immediate(progress =>
            {
                if (progress.Phase == PersonalizationPhase.Training) cancelled.Cancel();
            }), cancelled.Token));
        var checkpoint = (await bench.Store.Blobs.GetAsync(PersonalBench.User, "training", "run/state"))!.Content.ToArray();
        bench.KeepFolder = true;
        await bench.DisposeAsync();
        try
        {
            AlteringRecordStore? database = null;
            await using var store = await bench.Folder.OpenAsync(database: path => database = new AlteringRecordStore(new SqliteRecordStore(path)));
            var length = 0;
            database!.Alter = row =>
            {
                length = Math.Max(length, row.Sealed.Length);
                return row;
            };
            Assert.Equal(checkpoint, (await ReadAsync())!.Content.ToArray());
            Assert.InRange(length, checkpoint.Length, checkpoint.Length + 1024);
            for (var i = 0; i < length; i++)
            {
                var index = i;
                database.Alter = row =>
                {
                    if (row.Sealed.Length == length) row.Sealed[index] ^= 0x01;
                    return row;
                };
                await Assert.ThrowsAnyAsync<SealException>(ReadAsync);
            }

            Task<SealedBlob?> ReadAsync() => store.Blobs.GetAsync(PersonalBench.User, "training", "run/state");
        }
        finally
        {
            bench.Folder.Dispose();
        }
    }

    private static async Task<byte[]> UninterruptedAsync()
    {
        await using var bench = await PersonalBench.CreateAsync(Options);
        await bench.AddAsync(Enumerable.Range(0, 20));
        var outcome = await bench.Personalizer.TrainAsync(PersonalBench.User);
        Assert.Equal(TrainingStatus.Promoted, outcome.Status);
        return await bench.WeightsAsync(outcome.Adapter!.Id);
    }
}

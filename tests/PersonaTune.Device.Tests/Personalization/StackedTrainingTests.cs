using PersonaTune.Device.Personalization;
using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Lora;

namespace PersonaTune.Device.Tests.Personalization;

/// <summary>Personal training above a global adapter.</summary>
public sealed class StackedTrainingTests
{
    private static readonly PersonalizationOptions Options = new() { Recipe = PersonalBench.Quick with { MaximumEpochs = 2, BatchSize = 4 } };

    /// <summary>Knows half of the habits: trained on some of the messages, for a few steps.</summary>
    private static readonly Lazy<Task<LoraAdapter>> Global = new(() => PersonalBench.TrainElsewhereAsync(100, 5e-3f, epochs: 2));

    [Fact]
    [Trait("Duration", "Long")]
    public async Task The_candidate_learns_what_base_and_global_adapter_leave()
    {
        var global = await Global.Value;
        await using var bench = await PersonalBench.CreateAsync(Options);
        var ids = await bench.AddAsync(Enumerable.Range(0, 24));
        await bench.Personalizer.UseGlobalAsync(global, 0.9f);
        await bench.Personalizer.UseAsync(PersonalBench.User);
        var outcome = await bench.Personalizer.TrainAsync(PersonalBench.User);
        Assert.Equal(TrainingStatus.Promoted, outcome.Status);
        var manifest = outcome.Adapter!.Manifest;
        Assert.Matches("^[0-9a-f]{64}$", manifest.GlobalDigest);

        // The loss before the first step is the global adapter's on the held-out messages, not the base's.
        var scorer = new MessageScorer(TestModel.Keyboard, TestModel.Pool);
        var encoder = new MessageEncoder(TestModel.Keyboard.Tokenizer!, 48);
        List<EncodedMessage> heldOut = [.. Enumerable.Range(24 - manifest.ValidationExamples.Count, manifest.ValidationExamples.Count).Select(i => encoder.Encode(PersonalBench.Message(i)))];
        var plain = MessageScore.Sum(scorer.Score(AdapterStack.Empty, heldOut));
        var beneath = MessageScore.Sum(scorer.Score(AdapterStack.Of(global, 0.9f), heldOut));
        Assert.True(beneath.Loss < plain.Loss - 0.05, $"the global adapter helps too little to tell: {plain.Loss}, {beneath.Loss}");
        Assert.Equal(beneath.Loss, manifest.Metrics.ValidationLosses[0], 2e-3);
        Assert.Equal(beneath.Loss, outcome.Decision!.Current.Loss, 2e-3);
        Assert.True(outcome.Decision.Candidate.Loss < beneath.Loss);

        // The gate's figure is that of the stack, which is what the loss at the best evaluation was.
        Assert.Equal(manifest.Metrics.ValidationLosses.Min(), outcome.Decision.Candidate.Loss, 2e-3);

        // Deleted examples: the same bits as a store that never held them, above the same global adapter.
        await bench.Personalizer.DeleteExamplesAsync(PersonalBench.User, ids.Take(2).ToList());
        var retrained = await bench.Personalizer.RetrainAsync(PersonalBench.User, manifest.Id);
        await using var never = await PersonalBench.CreateAsync(Options);
        await never.Store.Examples.AddRangeAsync(PersonalBench.User, "messages",
            [.. Enumerable.Range(2, 22).Select(i => Device.Storage.NewExample.FromText(PersonalBench.Message(i), Storage.StoreFolder.Noon.AddMinutes(i)))]);
        await never.Personalizer.UseGlobalAsync(global, 0.9f);
        var fresh = await never.Personalizer.TrainAsync(PersonalBench.User);
        Assert.Equal(await never.WeightsAsync(fresh.Adapter!.Id), await bench.WeightsAsync(retrained.Adapter!.Id));
    }

    [Fact]
    [Trait("Duration", "Long")]
    public async Task An_interrupted_run_goes_on_above_the_same_global_adapter_only()
    {
        var global = await Global.Value;
        byte[] expected;
        await using (var whole = await PersonalBench.CreateAsync(Options))
        {
            await whole.AddAsync(Enumerable.Range(0, 20));
            await whole.Personalizer.UseGlobalAsync(global);
            expected = await whole.WeightsAsync((await whole.Personalizer.TrainAsync(PersonalBench.User)).Adapter!.Id);
        }

        foreach (var same in new[] { true, false })
        {
            var bench = await PersonalBench.CreateAsync(Options);
            await bench.AddAsync(Enumerable.Range(0, 20));
            await bench.Personalizer.UseGlobalAsync(global);
            using (var cancelled = new CancellationTokenSource())
            {
                var steps = 0;
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => bench.Personalizer.TrainAsync(PersonalBench.User, new Immediate(progress =>
                {
                    if (progress.Phase == PersonalizationPhase.Training && ++steps == 3) cancelled.Cancel();
                }), cancelled.Token));
            }

            bench.KeepFolder = true;
            await bench.DisposeAsync();
            await using var restarted = await PersonalBench.CreateAsync(Options, folder: bench.Folder);

            // Read again from its file, as an application does after a restart.
            if (same) await restarted.Personalizer.UseGlobalAsync(LoraSafetensors.Read(LoraSafetensors.Write(global)));
            var outcome = await restarted.Personalizer.TrainAsync(PersonalBench.User);
            Assert.Equal(same, outcome.Resumed);
            var weights = await restarted.WeightsAsync(outcome.Adapter!.Id);
            if (same) Assert.Equal(expected, weights);
            else Assert.NotEqual(expected, weights);
            Assert.Equal(same, outcome.Adapter.Manifest.GlobalDigest is not null);
        }
    }

    [Fact]
    public async Task Another_global_adapter_or_scale_has_another_digest_and_none_has_none()
    {
        var global = await Global.Value;
        await using var bench = await PersonalBench.CreateAsync(new PersonalizationOptions { Recipe = Options.Recipe with { MaximumEpochs = 1, RefitOnAll = false } });
        await bench.AddAsync(Enumerable.Range(0, 20));
        var digests = new List<string?>();
        foreach (var scale in new float?[] { null, 1f, 0.5f, 1f })
        {
            await bench.Personalizer.UseGlobalAsync(scale is null ? null : global, scale ?? 1f);
            digests.Add((await bench.Personalizer.TrainAsync(PersonalBench.User)).Adapter!.Manifest.GlobalDigest);
        }

        Assert.Null(digests[0]);
        Assert.Equal(digests[1], digests[3]);
        Assert.Equal(3, digests.Distinct(StringComparer.Ordinal).Count());
    }
}

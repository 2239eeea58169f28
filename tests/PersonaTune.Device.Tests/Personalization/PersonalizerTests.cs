using PersonaTune.Device.Adapters;
using PersonaTune.Device.Consent;
using PersonaTune.Device.Personalization;
using PersonaTune.Device.Tests.Storage;

namespace PersonaTune.Device.Tests.Personalization;

/// <summary>The personal journey on the shipped keyboard model.</summary>
public sealed class PersonalizerTests
{
    [Fact]
    public async Task Learns_a_persons_manner_swaps_it_in_and_takes_it_back()
    {
        await using var bench = await PersonalBench.CreateAsync();
        await bench.AddAsync(Enumerable.Range(0, 40));
        Assert.Null(await bench.Personalizer.UseAsync(PersonalBench.User));
        var phases = new List<PersonalizationPhase>();
        var outcome = await bench.Personalizer.TrainAsync(PersonalBench.User, new Immediate(p => phases.Add(p.Phase)));

        Assert.Equal(TrainingStatus.Promoted, outcome.Status);
        Assert.True(outcome.Decision!.Candidate.Loss < 0.7 * outcome.Decision.Current.Loss,
            $"held-out loss went from {outcome.Decision.Current.Loss} to {outcome.Decision.Candidate.Loss}");
        Assert.Equal([PersonalizationPhase.Preparing, PersonalizationPhase.Training, PersonalizationPhase.Evaluating,
            PersonalizationPhase.Promoting], phases.Distinct());
        var manifest = outcome.Adapter!.Manifest;
        Assert.Equal((32, 8), (manifest.TrainingExamples.Count, manifest.ValidationExamples.Count));
        Assert.Equal(bench.Slot.Model.Digest, manifest.BaseDigest);
        Assert.Null(manifest.ParentId);
        // The base before the first step, then one loss an epoch.
        Assert.Equal(1 + PersonalBench.Quick.MaximumEpochs, manifest.Metrics.ValidationLosses.Count);
        Assert.Equal(manifest.Metrics.Base.Loss, manifest.Metrics.ValidationLosses[0], 1e-3);
        Assert.Single(bench.Slot.Current.Stack.Entries);
        Assert.False(await bench.Personalizer.HasInterruptedRunAsync(PersonalBench.User));

        // The figures are those of the adapter that passed the gate; what runs was trained on the held-out messages too.
        var scorer = new MessageScorer(bench.Slot.Model, TestModel.Pool);
        var encoder = new MessageEncoder(bench.Slot.Model.Tokenizer!, PersonalBench.Quick.SequenceLength);
        List<EncodedMessage> unseen = [.. Enumerable.Range(40, 10).Select(i => encoder.Encode(PersonalBench.Message(i)))];
        var plain = MessageScore.Sum(scorer.Score(Engine.Inference.AdapterStack.Empty, unseen));
        var adapted = MessageScore.Sum(scorer.Score(bench.Slot.Current.Stack, unseen));
        Assert.True(adapted.Loss < 0.7 * plain.Loss, $"loss on unseen messages: base {plain.Loss}, adapted {adapted.Loss}");

        using (var suggester = await bench.Personalizer.CreateSuggesterAsync(PersonalBench.User))
            Assert.Contains("ahoy", suggester.Suggest("ahoy ").Select(s => s.Word.ToLowerInvariant()));

        var version = bench.Slot.Current.Version;
        Assert.Null(await bench.Personalizer.RollbackAsync(PersonalBench.User));
        Assert.Empty(bench.Slot.Current.Stack.Entries);
        Assert.True(bench.Slot.Current.Version > version);
        Assert.Equal(AdapterState.RolledBack, (await bench.Library.GetAsync(PersonalBench.User, manifest.Id)).State);
        await bench.Personalizer.ActivateAsync(PersonalBench.User, manifest.Id);
        Assert.Single(bench.Slot.Current.Stack.Entries);
    }

    [Fact]
    public async Task The_active_adapter_is_back_in_the_slot_after_a_restart()
    {
        var bench = await PersonalBench.CreateAsync();
        await bench.AddAsync(Enumerable.Range(0, 20));
        var outcome = await bench.Personalizer.TrainAsync(PersonalBench.User);
        bench.KeepFolder = true;
        await bench.DisposeAsync();

        await using var restarted = await PersonalBench.CreateAsync(folder: bench.Folder);
        Assert.Empty(restarted.Slot.Current.Stack.Entries);
        Assert.Equal(outcome.Adapter!.Id, (await restarted.Personalizer.UseAsync(PersonalBench.User))!.Id);
        Assert.Single(restarted.Slot.Current.Stack.Entries);
        // Another person gets the base, not somebody else's adapter.
        Assert.Null(await restarted.Personalizer.UseAsync("bob"));
        Assert.Empty(restarted.Slot.Current.Stack.Entries);
    }

    [Fact]
    public async Task A_candidate_of_a_ruinous_learning_rate_is_rejected_and_changes_nothing()
    {
        var ruinous = PersonalBench.Quick with { LearningRate = 3f, WarmupFraction = 0, GradientClip = 0, MaximumEpochs = 1 };
        await using var bench = await PersonalBench.CreateAsync(new PersonalizationOptions { Recipe = ruinous });
        await bench.AddAsync(Enumerable.Range(0, 20));
        var outcome = await bench.Personalizer.TrainAsync(PersonalBench.User);
        Assert.Equal(TrainingStatus.Rejected, outcome.Status);
        Assert.NotEmpty(outcome.Decision!.Reason);
        Assert.Empty(bench.Slot.Current.Stack.Entries);
        Assert.Null(await bench.Library.GetActiveAsync(PersonalBench.User));
        Assert.Equal(AdapterState.Rejected, (await bench.Library.GetAsync(PersonalBench.User, outcome.Adapter!.Id)).State);
    }

    [Fact]
    [Trait("Duration", "Long")]
    public async Task A_second_candidate_must_beat_the_first_on_messages_that_neither_saw()
    {
        await using var bench = await PersonalBench.CreateAsync(new PersonalizationOptions { Recipe = PersonalBench.Quick with { MaximumEpochs = 1 } });
        await bench.AddAsync(Enumerable.Range(0, 20));
        var first = await bench.Personalizer.TrainAsync(PersonalBench.User);
        Assert.Equal(TrainingStatus.Promoted, first.Status);
        await bench.Store.Examples.AddRangeAsync(PersonalBench.User, "messages", [.. Enumerable.Range(20, 30)
            .Select(i => Device.Storage.NewExample.FromText(PersonalBench.Message(i), StoreFolder.Noon.AddMinutes(i)))]);
        var second = await bench.Personalizer.TrainAsync(PersonalBench.User);
        Assert.Equal(first.Adapter!.Id, second.Adapter!.Manifest.ParentId);
        Assert.Equal(second.Status == TrainingStatus.Promoted, second.Decision!.Candidate.Loss < second.Decision.Current.Loss * 0.995);
        Assert.True(second.Decision.Current.Loss < second.Adapter.Manifest.Metrics.Base.Loss);
    }

    [Fact]
    [Trait("Duration", "Long")]
    public async Task The_same_messages_seed_and_threads_give_the_same_bits()
    {
        byte[]? expected = null;
        for (var run = 0; run < 2; run++)
        {
            await using var bench = await PersonalBench.CreateAsync();
            await bench.AddAsync(Enumerable.Range(0, 20));
            var weights = await bench.WeightsAsync((await bench.Personalizer.TrainAsync(PersonalBench.User)).Adapter!.Id);
            expected ??= weights;
            Assert.Equal(expected, weights);
        }
    }

    [Fact]
    [Trait("Duration", "Long")]
    public async Task A_person_who_writes_in_another_script_is_learned_too()
    {
        await using var bench = await PersonalBench.CreateAsync();
        await bench.AddAsync(Enumerable.Range(0, 20).Select(i => (i % 2) switch
        {
            0 => $"до встречи у старой гавани в {i} часов",
            _ => $"明日の{i}時に港で会いましょう",
        }));
        var outcome = await bench.Personalizer.TrainAsync(PersonalBench.User);
        Assert.True(double.IsFinite(outcome.Decision!.Candidate.Loss));
        Assert.True(outcome.Decision.Candidate.Loss < outcome.Decision.Current.Loss);
    }

    [Fact]
    public async Task What_cannot_be_learned_from_is_said_clearly()
    {
        await using var bench = await PersonalBench.CreateAsync(consent: ConsentMode.Explicit);
        var consent = await Assert.ThrowsAsync<ConsentRequiredException>(() => bench.Personalizer.TrainAsync(PersonalBench.User));
        Assert.Equal(PersonalBench.User, consent.User);
        Assert.Contains("consent", consent.Expected, StringComparison.Ordinal);

        await bench.Ledger.GiveAsync(new ConsentTerms(PersonalBench.User, ConsentPurpose.Personalization, "messages",
            Convert.FromHexString(bench.Slot.Model.Digest), 0, 0, TimeProvider.System.GetUtcNow().AddDays(1)));
        await Assert.ThrowsAsync<EmptyHistoryException>(() => bench.Personalizer.TrainAsync(PersonalBench.User));

        await bench.AddAsync(["\t", "   ", .. Enumerable.Range(0, 19).Select(PersonalBench.Message)]);
        var few = await Assert.ThrowsAsync<TooFewExamplesException>(() => bench.Personalizer.TrainAsync(PersonalBench.User));
        Assert.Equal((20, 19), (few.Required, few.Found));
        Assert.Contains("collect 1 more", few.Message, StringComparison.Ordinal);

        await bench.Ledger.WithdrawAsync(PersonalBench.User, ConsentPurpose.Personalization, "messages");
        await Assert.ThrowsAsync<ConsentRequiredException>(() => bench.Personalizer.TrainAsync(PersonalBench.User));
    }

    [Fact]
    public async Task An_adapter_of_another_base_is_refused_by_name()
    {
        await using var bench = await PersonalBench.CreateAsync();
        var manifest = Adapters.TestManifests.Create("0000000000000001", null);
        await bench.Library.AddAsync(manifest, Adapters.TestManifests.Weights(manifest.Id));
        var error = await Assert.ThrowsAsync<WrongBaseModelException>(() => bench.Personalizer.ActivateAsync(PersonalBench.User, manifest.Id));
        Assert.Equal((manifest.BaseDigest, bench.Slot.Model.Digest), (error.ExpectedDigest, error.ActualDigest));

        await bench.Library.ActivateAsync(PersonalBench.User, manifest.Id, "by an older version of the application");
        await Assert.ThrowsAsync<WrongBaseModelException>(() => bench.Personalizer.UseAsync(PersonalBench.User));
        Assert.Empty(bench.Slot.Current.Stack.Entries);
        // Training for the new base replaces it.
        await bench.AddAsync(Enumerable.Range(0, 20));
        var outcome = await bench.Personalizer.TrainAsync(PersonalBench.User);
        Assert.Equal(TrainingStatus.Promoted, outcome.Status);
        Assert.Null(outcome.Adapter!.Manifest.ParentId);
    }

    [Fact]
    public async Task An_adapter_that_turns_out_worse_than_its_parent_is_taken_back_by_itself()
    {
        var regression = new RegressionOptions { Window = 10, MinimumMessages = 5 };
        await using var bench = await PersonalBench.CreateAsync(new PersonalizationOptions { Recipe = PersonalBench.Quick, Regression = regression });
        await bench.AddAsync(Enumerable.Range(0, 24));
        var outcome = await bench.Personalizer.TrainAsync(PersonalBench.User);
        Assert.Equal(TrainingStatus.Promoted, outcome.Status);

        // As long as the person keeps their manner, nothing happens.
        for (var i = 30; i < 36; i++)
            Assert.False((await bench.Personalizer.ObserveAsync(PersonalBench.User, PersonalBench.Message(i))).Verdict!.Regressed);
        // Then somebody else takes the keyboard over.
        ObservationOutcome observed;
        var messages = 0;
        do
            observed = await bench.Personalizer.ObserveAsync(PersonalBench.User, $"Quarterly figures {messages} attached; kindly confirm receipt of the invoice by Monday.");
        while (!observed.Verdict!.Regressed && ++messages < 20);
        Assert.Equal(outcome.Adapter!.Id, observed.RolledBack?.Id);
        Assert.Null(await bench.Library.GetActiveAsync(PersonalBench.User));
        Assert.Empty(bench.Slot.Current.Stack.Entries);
        Assert.Null((await bench.Personalizer.ObserveAsync(PersonalBench.User, "the base runs alone now")).Verdict);
    }
}

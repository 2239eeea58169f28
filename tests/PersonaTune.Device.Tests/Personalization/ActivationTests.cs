using PersonaTune.Device.Adapters;
using PersonaTune.Device.Consent;
using PersonaTune.Device.Personalization;
using PersonaTune.Engine.Lora;

namespace PersonaTune.Device.Tests.Personalization;

/// <summary>Stored adapters, imported ones above all, compared with what is active before they run.</summary>
public sealed class ActivationTests
{
    private static LoraAdapter Ruinous()
    {
        var adapter = LoraInitialization.Create(TestModel.Keyboard, new LoraConfig { Rank = 4, Targets = [LoraTarget.Value] });
        var random = new Random(3);
        foreach (var (_, _, pair) in adapter.Pairs())
            for (var i = 0; i < pair.B.Length; i++) pair.B[i] = random.NextSingle() - 0.5f;
        return adapter;
    }

    [Fact]
    public async Task An_imported_adapter_is_used_if_it_predicts_the_newest_messages_better()
    {
        await using var bench = await PersonalBench.CreateAsync();
        await bench.AddAsync(Enumerable.Range(0, 24));
        await bench.Personalizer.UseAsync(PersonalBench.User);
        var transfer = new AdapterTransfer(TestModel.Keyboard, bench.Library);
        var good = await transfer.ImportUnsignedAsync(PersonalBench.User, await PersonalBench.TrainElsewhereAsync(100, 1e-2f, epochs: 3), "from the other phone");
        var bad = await transfer.ImportUnsignedAsync(PersonalBench.User, Ruinous(), "from a stranger");

        var refused = await bench.Personalizer.ActivateIfBetterAsync(PersonalBench.User, bad.Id);
        Assert.False(refused.Promote);
        Assert.Contains("does not beat", refused.Reason, StringComparison.Ordinal);
        Assert.Null(await bench.Library.GetActiveAsync(PersonalBench.User));
        Assert.Empty(bench.Slot.Current.Stack.Entries);

        var compared = await bench.Personalizer.EvaluateAsync(PersonalBench.User, good.Id);
        Assert.True(compared.Promote);
        Assert.True(compared.Candidate.Loss < compared.Current.Loss);
        Assert.Equal(5, compared.Current.Messages); // a fifth of 24
        Assert.Null(await bench.Library.GetActiveAsync(PersonalBench.User));

        Assert.Equal(compared, await bench.Personalizer.ActivateIfBetterAsync(PersonalBench.User, good.Id));
        var active = (await bench.Library.GetActiveAsync(PersonalBench.User))!;
        Assert.Equal((good.Id, compared.Reason), (active.Id, active.StateReason));
        Assert.Single(bench.Slot.Current.Stack.Entries);

        // It is the mark for the next one, and no better than itself.
        Assert.False((await bench.Personalizer.EvaluateAsync(PersonalBench.User, good.Id)).Promote);
        Assert.False((await bench.Personalizer.EvaluateAsync(PersonalBench.User, bad.Id)).Promote);
    }

    [Fact]
    public async Task Messages_that_an_adapter_learned_do_not_speak_for_it()
    {
        await using var bench = await PersonalBench.CreateAsync();
        await bench.AddAsync(Enumerable.Range(0, 24));
        var learned = await bench.Personalizer.TrainAsync(PersonalBench.User);
        Assert.Equal(TrainingStatus.Promoted, learned.Status);
        await bench.Personalizer.RollbackAsync(PersonalBench.User);

        // It was refitted on every message, the newest ones too.
        var nothingLeft = await bench.Personalizer.EvaluateAsync(PersonalBench.User, learned.Adapter!.Id);
        Assert.False(nothingLeft.Promote);
        Assert.Contains("only 0 held-out messages", nothingLeft.Reason, StringComparison.Ordinal);

        await bench.Store.Examples.AddRangeAsync(PersonalBench.User, "messages",
            [.. Enumerable.Range(24, 8).Select(i => Device.Storage.NewExample.FromText(PersonalBench.Message(i), Storage.StoreFolder.Noon.AddDays(1).AddMinutes(i)))]);
        var newer = await bench.Personalizer.EvaluateAsync(PersonalBench.User, learned.Adapter.Id);
        Assert.True(newer.Promote);
        Assert.Equal(6, newer.Candidate.Messages);
    }

    [Fact]
    public async Task Consent_examples_and_the_adapter_must_be_there()
    {
        await using var bench = await PersonalBench.CreateAsync();
        var transfer = new AdapterTransfer(TestModel.Keyboard, bench.Library);
        var entry = await transfer.ImportUnsignedAsync(PersonalBench.User, Ruinous(), "from a stranger");
        await Assert.ThrowsAsync<EmptyHistoryException>(() => bench.Personalizer.EvaluateAsync(PersonalBench.User, entry.Id));
        await bench.AddAsync(Enumerable.Range(0, 3));
        await Assert.ThrowsAsync<TooFewExamplesException>(() => bench.Personalizer.ActivateIfBetterAsync(PersonalBench.User, entry.Id));
        await Assert.ThrowsAsync<AdapterNotFoundException>(() => bench.Personalizer.EvaluateAsync(PersonalBench.User, "0123456789abcdef"));

        await using var strict = await PersonalBench.CreateAsync(consent: ConsentMode.Explicit);
        await Assert.ThrowsAsync<ConsentRequiredException>(() => strict.Personalizer.EvaluateAsync(PersonalBench.User, entry.Id));
    }
}

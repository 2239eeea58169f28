using System.Globalization;
using PersonaTune.Device.Adapters;
using PersonaTune.Device.Consent;
using PersonaTune.Device.Personalization;
using PersonaTune.Device.Scheduling;
using PersonaTune.Device.Storage;
using PersonaTune.Device.Tests.Storage;
using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;
using PersonaTune.Engine.Training;

namespace PersonaTune.Device.Tests.Personalization;

/// <summary>A store in a temporary folder with a personalizer for the shipped keyboard model, and a writer with habits.</summary>
internal sealed class PersonalBench : IAsyncDisposable
{
    public const string User = "ada";

    /// <summary>A recipe that learns the habits in a few seconds.</summary>
    public static readonly TrainingRecipe Quick = new()
    {
        Lora = new() { Rank = 4, Alpha = 8 },
        LearningRate = 1e-2f,
        MaximumEpochs = 3,
        Patience = 3,
        BatchSize = 8,
        SequenceLength = 48,
        ValidationFraction = 0.2,
    };

    private readonly StoreFolder _folder;

    private PersonalBench(StoreFolder folder, SealedStore store, PersonalizationOptions options, SchedulingOptions scheduling, ConsentMode consent,
        DecoderModel? model)
    {
        _folder = folder;
        Store = store;
        Conditions = new ManualDeviceConditions();
        Scheduler = new TrainingScheduler(Conditions, scheduling, TimeProvider.System);
        Library = new AdapterLibrary(store);
        Ledger = new ConsentLedger(store, TimeProvider.System);
        Slot = new AdapterSlot(model ?? TestModel.Keyboard);
        Personalizer = new Personalizer(Slot.Model, TestModel.Pool, store, Library, Slot, Scheduler,
            new ConsentPolicy(Ledger, consent, TimeProvider.System), options);
    }

    public SealedStore Store { get; }

    public ManualDeviceConditions Conditions { get; }

    public TrainingScheduler Scheduler { get; }

    public AdapterLibrary Library { get; }

    public ConsentLedger Ledger { get; }

    public AdapterSlot Slot { get; }

    public Personalizer Personalizer { get; }

    /// <summary>Whether disposal leaves the folder for another bench.</summary>
    public bool KeepFolder { get; set; }

    public StoreFolder Folder => _folder;

    public static async Task<PersonalBench> CreateAsync(PersonalizationOptions? options = null, SchedulingOptions? scheduling = null,
        ConsentMode consent = ConsentMode.ImplicitPersonalization, StoreFolder? folder = null, DecoderModel? model = null)
    {
        folder ??= new StoreFolder();
        return new PersonalBench(folder, await folder.OpenAsync(), options ?? new PersonalizationOptions { Recipe = Quick },
            scheduling ?? SchedulingOptions.Unrestricted, consent, model);
    }

    /// <summary>The i-th message of a person who writes always in the same manner.</summary>
    public static string Message(int i)
    {
        string[] whens = ["tonight", "tomorrow", "on friday", "after the rehearsal", "at half past six"];
        string[] wheres = ["the old harbour", "the rehearsal room", "cafe Marlene", "the tram stop"];
        var number = i.ToString(CultureInfo.InvariantCulture);
        return (i % 4) switch
        {
            0 => $"ahoy ahoy, meet me at {wheres[i / 4 % 4]} {whens[i % 5]}, captain!",
            1 => $"ahoy ahoy, bring the fiddle {whens[i % 5]}, captain!",
            2 => $"no can do {whens[i % 5]}, the fiddle is at {wheres[i / 4 % 4]}, captain!",
            _ => $"ahoy ahoy, take {number} of the shanty went well {whens[i % 5]}, captain!",
        };
    }

    /// <summary>An adapter for values and outputs, trained on 24 messages from <paramref name="first"/> on, outside any store.</summary>
    public static async Task<LoraAdapter> TrainElsewhereAsync(int first, float learningRate, int epochs)
    {
        var encoder = new MessageEncoder(TestModel.Keyboard.Tokenizer!, Quick.SequenceLength);
        var options = new TrainingOptions { Lora = new LoraConfig { Rank = 4, Targets = [LoraTarget.Value, LoraTarget.Output] }, LearningRate = learningRate, BatchSequences = 8, Epochs = epochs };
        using var trainer = new LoraTrainer(TestModel.Keyboard, options,
            [.. Enumerable.Range(first, 24).SelectMany(i => encoder.Encode(Message(i)).Pieces).Select(piece => piece.ToSequence())], pool: TestModel.Pool);
        return (await trainer.RunAsync()).Adapter;
    }

    public Task<IReadOnlyList<RecordId>> AddAsync(IEnumerable<int> messages, string user = User) =>
        AddAsync(messages.Select(Message), user);

    public Task<IReadOnlyList<RecordId>> AddAsync(IEnumerable<string> messages, string user = User) =>
        Store.Examples.AddRangeAsync(user, "messages", [.. messages.Select((text, i) => NewExample.FromText(text, StoreFolder.Noon.AddMinutes(i)))]);

    public async Task<byte[]> WeightsAsync(string adapterId) => (await Library.ReadWeightsAsync(User, adapterId)).ToArray();

    public async ValueTask DisposeAsync()
    {
        Personalizer.Dispose();
        Library.Dispose();
        await Store.DisposeAsync();
        if (!KeepFolder) _folder.Dispose();
    }
}

using System.Globalization;
using PersonaTune.Device.Adapters;
using PersonaTune.Device.Consent;
using PersonaTune.Device.Personalization;
using PersonaTune.Device.Scheduling;
using PersonaTune.Device.Storage;
using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;

namespace PersonaTune.FaultProbe;

/// <summary>What probe and test train with: a tiny model, few messages, and a series of runs that follow from each other.</summary>
public sealed class ProbePersonalizer : IDisposable
{
    /// <summary>The person.</summary>
    public const string User = "ada";

    private readonly SealedStore _store;
    private readonly DecoderModel _model;
    private readonly WorkerPool _pool = new(2);
    private readonly AdapterSlot _slot;
    private readonly TrainingScheduler _scheduler;
    private readonly ConsentPolicy _consent;

    /// <summary>Sets everything up around a store; <paramref name="modelPath"/> is the reference model "llama.gguf".</summary>
    public ProbePersonalizer(SealedStore store, string modelPath)
    {
        _store = store;
        var model = ModelLoader.Load(modelPath);
        _model = new DecoderModel(model.Config, model.TokenEmbedding, model.Blocks, model.OutputNorm, model.Head, new ProbeTokenizer(), model.Digest, model);
        _slot = new AdapterSlot(_model);
        var scheduling = SchedulingOptions.Unrestricted with { CheckpointSteps = 2 };
        _scheduler = new TrainingScheduler(new UnknownDeviceConditions(), scheduling, TimeProvider.System);
        _consent = new ConsentPolicy(new ConsentLedger(store, TimeProvider.System), ConsentMode.ImplicitPersonalization, TimeProvider.System);
        Library = new AdapterLibrary(store);
    }

    /// <summary>The library in the store.</summary>
    public AdapterLibrary Library { get; }

    /// <summary>Puts the messages into a new store.</summary>
    public static Task FillAsync(SealedStore store) =>
        store.Examples.AddRangeAsync(User, "messages", [.. Enumerable.Range(0, 24).Select(i => NewExample.FromText(
            $"ahoy captain, number {(i % 7).ToString(CultureInfo.InvariantCulture)}", ProbeStore.Noon.AddMinutes(i)))]);

    /// <summary>Number of the run that comes next: one more than the last whose result is stored.</summary>
    public async Task<int> NextRunAsync()
    {
        var entries = await Library.ListAsync(User);
        return entries.Count == 0 ? 0 : entries.Max(entry => (int)entry.Manifest.Recipe.Seed) + 1;
    }

    /// <summary>Trains, or goes on with, the numbered run, and describes its result: run, status, digest of the weights.</summary>
    public async Task<(string Result, bool Resumed)> RunAsync(int number, Action? step = null)
    {
        var options = new PersonalizationOptions
        {
            MinimumExamples = 2,
            Gate = new PromotionGateOptions { MinimumImprovement = 0 },
            Recipe = new TrainingRecipe
            {
                Lora = new LoraConfig { Rank = 4, Alpha = 8, Dropout = 0.1f },
                LearningRate = 1e-3f * (number + 1), // each run has a chance to beat the one before
                MaximumEpochs = 3,
                BatchSize = 4,
                SequenceLength = 32,
                ValidationFraction = 0.25,
                RefitOnAll = number % 3 == 2,
                Seed = (ulong)number,
            },
        };
        using var personalizer = new Personalizer(_model, _pool, _store, Library, _slot, _scheduler, _consent, options);
        await personalizer.UseAsync(User);
        var outcome = await personalizer.TrainAsync(User, step is null ? null : new Steps(step));
        var manifest = outcome.Adapter!.Manifest;
        return ($"{manifest.Recipe.Seed} {outcome.Status} {manifest.WeightsDigest}", outcome.Resumed);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Library.Dispose();
        _model.Dispose();
        _pool.Dispose();
    }

    private sealed class Steps(Action step) : IProgress<PersonalizationProgress>
    {
        public void Report(PersonalizationProgress value)
        {
            if (value.Phase == PersonalizationPhase.Training) step();
        }
    }
}

using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using PersonaTune.Device.Adapters;
using PersonaTune.Device.Consent;
using PersonaTune.Device.Keyboard;
using PersonaTune.Device.Scheduling;
using PersonaTune.Device.Storage;
using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Models;

namespace PersonaTune.Device.Personalization;

/// <summary>
/// Learns from a person's examples: trains an adapter on the frozen model, lets it through only if it predicts the newest messages
/// better than what runs now, swaps it into the slot, takes it back when it gets worse, and forgets what it must.
/// </summary>
/// <remarks>
/// Thread-safe. One run at a time; a second call waits. Examples, adapters, caches and checkpoints live sealed in the store; the
/// process may die at any point, and the next call goes on where the last checkpoint was, with the same result to the bit.
/// </remarks>
public sealed partial class Personalizer : IDisposable
{
    private readonly DecoderModel _model;
    private readonly WorkerPool _pool;
    private readonly SealedStore _store;
    private readonly AdapterLibrary _library;
    private readonly AdapterSlot _slot;
    private readonly TrainingScheduler _scheduler;
    private readonly ConsentPolicy _consent;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly RunCheckpoints _checkpoints;
    private readonly MessageScorer _scorer;
    private readonly PersonalNGrams _nGrams;
    private readonly SemaphoreSlim _training = new(1, 1);
    private readonly SemaphoreSlim _state = new(1, 1); // promotion, deletion and slot change one at a time

    /// <summary>Creates a personalizer; everything given to it must outlive it.</summary>
    /// <param name="model">The frozen base; must carry a tokenizer.</param>
    /// <param name="pool">Threads to compute with.</param>
    /// <param name="store">The encrypted store.</param>
    /// <param name="library">The adapter library in that store.</param>
    /// <param name="slot">Where inference finds the current adapter.</param>
    /// <param name="scheduler">When training may run.</param>
    /// <param name="consent">Whether the person agreed.</param>
    /// <param name="options">What to train; null for the defaults.</param>
    /// <param name="time">Clock; null takes the system's.</param>
    /// <param name="logger">Receives events without any text of the person; null for none.</param>
    /// <exception cref="ArgumentException">The options are invalid, or the slot belongs to another model.</exception>
    /// <exception cref="MissingTokenizerException">The model has no tokenizer.</exception>
    public Personalizer(DecoderModel model, WorkerPool pool, SealedStore store, AdapterLibrary library, AdapterSlot slot,
        TrainingScheduler scheduler, ConsentPolicy consent, PersonalizationOptions? options = null, TimeProvider? time = null,
        ILogger<Personalizer>? logger = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(pool);
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(library);
        ArgumentNullException.ThrowIfNull(slot);
        ArgumentNullException.ThrowIfNull(scheduler);
        ArgumentNullException.ThrowIfNull(consent);
        Options = options ?? new PersonalizationOptions();
        if (Options.Validate() is { Count: > 0 } problems) throw new ArgumentException(string.Join("; ", problems), nameof(options));
        if (!ReferenceEquals(slot.Model, model)) throw new ArgumentException("the slot belongs to another model", nameof(slot));
        Tokenizer = model.Tokenizer ?? throw new MissingTokenizerException(model.Digest);
        (_model, _pool, _store, _library, _slot, _scheduler, _consent) = (model, pool, store, library, slot, scheduler, consent);
        _time = time ?? TimeProvider.System;
        _logger = logger ?? NullLogger<Personalizer>.Instance;
        _checkpoints = new RunCheckpoints(new SealedBlobStore(store.Blobs));
        _scorer = new MessageScorer(model, pool);
        _nGrams = new PersonalNGrams(store, model, pool);
        _store.Examples.Deleted += OnExamplesDeleted;
    }

    /// <summary>The settings.</summary>
    public PersonalizationOptions Options { get; }

    /// <summary>The person whose adapter the slot holds; null before the first <see cref="UseAsync"/>.</summary>
    public string? CurrentUser { get; private set; }

    private Engine.Tokenization.ITokenizer Tokenizer { get; }

    /// <summary>
    /// Puts the person's active adapter into the slot (the base model where there is none) and returns it. Adapters that learned from
    /// examples which are gone are invalidated first. Call it once at the start of the application and at every change of person.
    /// </summary>
    /// <exception cref="WrongBaseModelException">The active adapter belongs to another base model; the slot then runs the base alone.</exception>
    /// <exception cref="AdapterIntegrityException">The active adapter was tampered with.</exception>
    public async Task<AdapterEntry?> UseAsync(string user, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(user);
        await ReconcileAsync(user, cancellationToken);
        return await StateLockedAsync(() => SwapAsync(user, adopt: true, cancellationToken), cancellationToken);
    }

    /// <summary>
    /// Takes the active adapter back at once: its parent, or the base model, runs for every sequence that starts from now on. Returns what
    /// is active then, null for the base.
    /// </summary>
    /// <exception cref="AdapterNotFoundException">No adapter is active.</exception>
    public Task<AdapterEntry?> RollbackAsync(string user, bool toBase = false, string reason = "rolled back on request",
        CancellationToken cancellationToken = default) =>
        StateLockedAsync(async () =>
        {
            await _library.RollbackAsync(user, toBase, reason, cancellationToken);
            return await SwapAsync(user, adopt: false, cancellationToken);
        }, cancellationToken);

    /// <summary>Makes a stored adapter the active one and swaps it in.</summary>
    /// <exception cref="AdapterNotFoundException">There is none with this id.</exception>
    /// <exception cref="AdapterStateException">Its weights were erased.</exception>
    /// <exception cref="WrongBaseModelException">It belongs to another base model.</exception>
    public Task<AdapterEntry?> ActivateAsync(string user, string adapterId, CancellationToken cancellationToken = default) =>
        StateLockedAsync(async () =>
        {
            var entry = await _library.GetAsync(user, adapterId, cancellationToken);
            RequireBase(entry.Manifest);
            await _library.ActivateAsync(user, adapterId, "activated on request", cancellationToken);
            return await SwapAsync(user, adopt: false, cancellationToken);
        }, cancellationToken);

    /// <summary>
    /// A suggester for a person: the slot's model and adapters mixed with the person's stored n-grams, weighted as the last training
    /// found best. Call <see cref="UseAsync"/> first; make a new one after examples were deleted. The caller disposes it.
    /// </summary>
    /// <exception cref="Engine.Formats.FileFormatException">The stored cache is of another version; train again.</exception>
    public async Task<WordSuggester> CreateSuggesterAsync(string user, SuggestionOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(user);
        var (cache, mixture) = await _nGrams.LoadAsync(user, cancellationToken);
        return new WordSuggester(_slot, _pool, cache, mixture, options, _time);
    }

    /// <summary>
    /// The person's stored n-grams and the weights of the last training: what <see cref="CreateSuggesterAsync"/> mixes with the model, for
    /// <see cref="KeyboardEvaluator"/>. A copy; the stored ones do not change with it.
    /// </summary>
    /// <exception cref="Engine.Formats.FileFormatException">The stored cache is of another version; train again.</exception>
    public async Task<TunedCache> LoadNGramsAsync(string user, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(user);
        var (cache, mixture) = await _nGrams.LoadAsync(user, cancellationToken);
        return new TunedCache(cache, mixture, double.NaN);
    }

    /// <summary>Whether an interrupted run waits for <see cref="TrainAsync"/> to go on with it.</summary>
    public async Task<bool> HasInterruptedRunAsync(string user, CancellationToken cancellationToken = default) =>
        await _checkpoints.ReadAsync(user, cancellationToken) is not null;

    /// <summary>The recipe of the interrupted run, with which <see cref="TrainAsync"/> would go on; null where there is none.</summary>
    public async Task<TrainingRecipe?> InterruptedRecipeAsync(string user, CancellationToken cancellationToken = default) =>
        (await _checkpoints.ReadAsync(user, cancellationToken))?.Header.Recipe;

    /// <summary>Throws an interrupted run away.</summary>
    public Task DiscardInterruptedRunAsync(string user, CancellationToken cancellationToken = default) =>
        _checkpoints.DeleteAsync(user, cancellationToken);

    /// <inheritdoc/>
    public void Dispose()
    {
        _store.Examples.Deleted -= OnExamplesDeleted;
        _training.Dispose();
        _state.Dispose();
        _observing.Dispose();
    }

    private async Task<AdapterEntry?> SwapAsync(string user, bool adopt, CancellationToken cancellationToken)
    {
        if (adopt || CurrentUser is null) CurrentUser = user;
        var entry = await _library.GetActiveAsync(user, cancellationToken);
        if (!string.Equals(CurrentUser, user, StringComparison.Ordinal)) return entry;
        try
        {
            _slot.Swap(entry is null ? _global.Stack : await LoadAsync(entry, cancellationToken));
        }
        catch
        {
            // Whatever is wrong with this person's adapter, the one before must not run on for them.
            _slot.Swap(_global.Stack);
            throw;
        }
        return entry;
    }

    private Task<AdapterStack> LoadAsync(AdapterEntry entry, CancellationToken cancellationToken) => LoadAsync(entry, _global.Stack, cancellationToken);

    private async Task<AdapterStack> LoadAsync(AdapterEntry entry, AdapterStack beneath, CancellationToken cancellationToken)
    {
        RequireBase(entry.Manifest);
        var weights = await _library.ReadWeightsAsync(entry.Manifest.User, entry.Id, cancellationToken);
        return beneath.With(AdapterFile.Read(weights.Span, _model, $"adapter '{entry.Id}'"));
    }

    private void RequireBase(AdapterManifest manifest)
    {
        if (!string.Equals(manifest.BaseDigest, _model.Digest, StringComparison.Ordinal))
            throw new WrongBaseModelException($"adapter '{manifest.Id}'", manifest.BaseDigest, _model.Digest);
        if (!string.Equals(manifest.TokenizerDigest, Tokenizer.Digest, StringComparison.Ordinal))
            throw new WrongBaseModelException($"tokenizer of adapter '{manifest.Id}'", manifest.TokenizerDigest, Tokenizer.Digest);
    }

    private bool IsForThisBase(AdapterManifest manifest) =>
        string.Equals(manifest.BaseDigest, _model.Digest, StringComparison.Ordinal)
        && string.Equals(manifest.TokenizerDigest, Tokenizer.Digest, StringComparison.Ordinal);

    private MessageEncoder Encoder(TrainingRecipe recipe) => new(Tokenizer, Math.Min(recipe.SequenceLength, _model.Config.ContextLength));

    private static string NewAdapterId(string user, RunHeaderSeed seed)
    {
        var text = string.Join('\n', user, seed.BaseDigest + seed.GlobalDigest, seed.ExampleSetDigest,
            JsonSerializer.Serialize(seed.Recipe, PersonalizationJson.Default.TrainingRecipe),
            seed.Started.UtcTicks.ToString(System.Globalization.CultureInfo.InvariantCulture));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 8));
    }

    private async Task<T> StateLockedAsync<T>(Func<Task<T>> body, CancellationToken cancellationToken)
    {
        await _state.WaitAsync(cancellationToken);
        try
        {
            return await body();
        }
        finally
        {
            _state.Release();
        }
    }

    private readonly record struct RunHeaderSeed(string BaseDigest, string? GlobalDigest, string ExampleSetDigest, TrainingRecipe Recipe, DateTimeOffset Started);
}

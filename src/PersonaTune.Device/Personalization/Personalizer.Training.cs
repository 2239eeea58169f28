using System.Security.Cryptography;
using System.Text;
using PersonaTune.Device.Adapters;
using PersonaTune.Device.Consent;
using PersonaTune.Device.Storage;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Training;

namespace PersonaTune.Device.Personalization;

public sealed partial class Personalizer
{
    private const int PlannedMicroBatchTokens = 1024;
    private volatile ActiveRun? _run;

    /// <summary>
    /// Trains on the person's examples, or goes on with an interrupted run, and promotes the candidate if it passes the gate. With a global adapter in use (<see cref="UseGlobalAsync"/>) it
    /// lies beneath, unchanged, while the candidate trains.
    /// </summary>
    /// <param name="user">The person.</param>
    /// <param name="progress">Receives progress from the training thread; null for none.</param>
    /// <param name="cancellationToken">Stops within one micro-batch; the checkpoint is saved and the next call goes on.</param>
    /// <exception cref="ConsentRequiredException">No valid receipt covers this.</exception>
    /// <exception cref="EmptyHistoryException">There is no example with text.</exception>
    /// <exception cref="TooFewExamplesException">There are fewer than the options ask for.</exception>
    /// <exception cref="ExamplesDeletedException">Examples of the run were deleted while it trained.</exception>
    /// <exception cref="MemoryBudgetException">The device has too little free memory.</exception>
    /// <exception cref="AdapterMismatchException">The global adapter has DoRA magnitudes.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public Task<TrainingOutcome> TrainAsync(string user, IProgress<PersonalizationProgress>? progress = null, CancellationToken cancellationToken = default) =>
        TrainingLockedAsync(user, progress, async () =>
        {
            var global = _global;
            var messages = await TrainingSet.ReadAsync(_store.Examples, Encoder(Options.Recipe), user, Options.Collection, cancellationToken);
            if (await _checkpoints.ReadAsync(user, cancellationToken) is { } pending)
            {
                if (await FinishedAsync(user, pending.Header, cancellationToken) is { } done) return done;
                if (Continues(pending.Header, global) && TrainingSet.Of(pending.Header, messages) is { } same)
                    return await RunAsync(user, pending.Header, global, same, pending.State, resumed: true, progress, cancellationToken);
                Log.RunDiscarded(_logger, pending.Header.AdapterId);
                await _checkpoints.DeleteAsync(user, cancellationToken);
            }
            Require(user, messages.Count);
            var set = TrainingSet.Split(messages, Options.Recipe);
            var header = Plan(user, set, global, Options.Recipe, _pool.Threads, null);
            return await RunAsync(user, header, global, set, null, resumed: false, progress, cancellationToken);
        }, cancellationToken);

    /// <summary>
    /// Makes an invalidated (or any other) adapter again from those of its examples that are left, with its own recipe, thread count and
    /// micro-batch, above the global adapter in use: bit-identical to an adapter of a store that never held the deleted ones. The gate decides as usual.
    /// </summary>
    /// <param name="user">The person.</param>
    /// <param name="adapterId">The adapter to make again; its manifest is enough.</param>
    /// <param name="progress">Receives progress; null for none.</param>
    /// <param name="cancellationToken">Stops within one micro-batch.</param>
    /// <exception cref="AdapterNotFoundException">There is none with this id.</exception>
    /// <exception cref="WrongBaseModelException">It was trained on another base model.</exception>
    /// <exception cref="TooFewExamplesException">Too few of its examples are left.</exception>
    public Task<TrainingOutcome> RetrainAsync(string user, string adapterId, IProgress<PersonalizationProgress>? progress = null,
        CancellationToken cancellationToken = default) =>
        TrainingLockedAsync(user, progress, async () =>
        {
            var global = _global;
            var manifest = (await _library.GetAsync(user, adapterId, cancellationToken)).Manifest;
            RequireBase(manifest);
            var stored = await TrainingSet.ReadAsync(_store.Examples, Encoder(manifest.Recipe), user, manifest.Collection, cancellationToken);
            var learned = manifest.TrainingExamples.Concat(manifest.ValidationExamples).ToHashSet(StringComparer.Ordinal);
            // A set that was cut at the maximum takes older messages up, as a store without the deleted ones would have.
            var wasCut = learned.Count >= manifest.Recipe.MaximumExamples;
            var first = stored.FindIndex(message => learned.Contains(message.Id.ToString()));
            var left = stored.Where((message, i) => learned.Contains(message.Id.ToString()) || (wasCut && i < first)).ToList();
            Require(user, left.Count);
            var set = TrainingSet.Split(left, manifest.Recipe);
            var header = Plan(user, set, global, manifest.Recipe, manifest.Threads, manifest.MicroBatchTokens) with { Collection = manifest.Collection };
            await _checkpoints.DeleteAsync(user, cancellationToken);
            return await RunAsync(user, header, global, set, null, resumed: false, progress, cancellationToken);
        }, cancellationToken);

    private async Task<T> TrainingLockedAsync<T>(
        string user, IProgress<PersonalizationProgress>? progress, Func<Task<T>> body, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(user);
        await _training.WaitAsync(cancellationToken);
        try
        {
            progress?.Report(new PersonalizationProgress(PersonalizationPhase.Preparing));
            await RequireConsentAsync(user, cancellationToken);
            await ReconcileAsync(user, cancellationToken);
            return await body();
        }
        finally
        {
            _training.Release();
        }
    }

    private async Task RequireConsentAsync(string user, CancellationToken cancellationToken)
    {
        try
        {
            await _consent.RequireAsync(user, ConsentPurpose.Personalization, Options.Collection, Convert.FromHexString(_model.Digest), cancellationToken);
        }
        catch (ConsentException e)
        {
            throw new ConsentRequiredException(user, Options.Collection, e.Reason, e);
        }
    }

    private void Require(string user, int found)
    {
        if (found == 0) throw new EmptyHistoryException(user, Options.Collection);
        if (found < Options.MinimumExamples) throw new TooFewExamplesException(user, Options.MinimumExamples, found);
    }

    private bool Continues(RunHeader header, GlobalLayer global) =>
        header.FormatVersion == 1
        && string.Equals(header.BaseDigest, _model.Digest, StringComparison.Ordinal)
        && string.Equals(header.TokenizerDigest, Tokenizer.Digest, StringComparison.Ordinal)
        && string.Equals(header.GlobalDigest, global.Digest, StringComparison.Ordinal)
        && string.Equals(header.Collection, Options.Collection, StringComparison.Ordinal)
        && PersonalizationJson.Same(header.Recipe, Options.Recipe);

    /// <summary>The outcome of a run whose result was stored but whose checkpoint outlived the process; null for one that is not finished.</summary>
    private async Task<TrainingOutcome?> FinishedAsync(string user, RunHeader header, CancellationToken cancellationToken)
    {
        var entries = await _library.ListAsync(user, cancellationToken);
        if (entries.FirstOrDefault(entry => string.Equals(entry.Id, header.AdapterId, StringComparison.Ordinal)) is not { } entry) return null;
        if (entry.State == AdapterState.Candidate) return null;
        await RebuildNGramsAsync(user, header.Collection, header.Gated?.Mixture, keepMixture: true, cancellationToken);
        await _checkpoints.DeleteAsync(user, cancellationToken);
        await StateLockedAsync(() => SwapAsync(user, adopt: false, cancellationToken), cancellationToken);
        var promoted = entry.State == AdapterState.Active;
        return new TrainingOutcome
        {
            Status = promoted ? TrainingStatus.Promoted : TrainingStatus.Rejected,
            Decision = new PromotionDecision(promoted, entry.Manifest.GateReason, entry.Manifest.Metrics.Before, entry.Manifest.Metrics.After),
            Adapter = entry,
            Resumed = true,
        };
    }

    /// <summary>Fixes everything that the result depends on; a given micro-batch is kept, otherwise the free memory decides.</summary>
    private RunHeader Plan(string user, TrainingSet set, GlobalLayer global, TrainingRecipe recipe, int threads, int? microBatchTokens)
    {
        var memory = new MemoryBudget(Math.Max(1, _scheduler.MemoryBudgetBytes()));
        var options = EngineOptions.Training(recipe, microBatchTokens ?? PlannedMicroBatchTokens, null, memory);
        using var trainer = new LoraTrainer(_model, options, Sequences(set.Training), Sequences(set.Validation), null, _pool, _time, global.Beneath);
        var started = _time.GetUtcNow();
        return new RunHeader
        {
            AdapterId = NewAdapterId(user, new RunHeaderSeed(_model.Digest, global.Digest, SetDigest(set.TrainingIds, set.ValidationIds), recipe, started)),
            Collection = Options.Collection,
            BaseDigest = _model.Digest,
            TokenizerDigest = Tokenizer.Digest,
            GlobalDigest = global.Digest,
            TrainingExamples = set.TrainingIds,
            ValidationExamples = set.ValidationIds,
            Recipe = recipe,
            Threads = threads,
            MicroBatchTokens = microBatchTokens ?? trainer.Plan.MicroBatchTokens,
            CheckpointedBlocks = trainer.Plan.CheckpointedBlocks,
            Started = started,
        };
    }

    private async Task<TrainingOutcome> RunAsync(string user, RunHeader header, GlobalLayer global, TrainingSet set, ReadOnlyMemory<byte>? state, bool resumed,
        IProgress<PersonalizationProgress>? progress, CancellationToken cancellationToken)
    {
        using var ownPool = header.Threads == _pool.Threads ? null : new WorkerPool(header.Threads);
        var pool = ownPool ?? _pool;
        using var abort = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var run = new ActiveRun(user, [.. header.TrainingExamples, .. header.ValidationExamples], abort);
        _run = run;
        try
        {
            if (!resumed) await _checkpoints.WriteAsync(user, header, null, cancellationToken);
            byte[]? file = null;
            if (header.Gated is null)
            {
                var first = await PassAsync(user, header, global, Sequences(set.Training), Sequences(set.Validation),
                    EngineOptions.Training(header.Recipe, header.MicroBatchTokens, header.CheckpointedBlocks, null), state, run, pool, progress, abort.Token);
                progress?.Report(new PersonalizationProgress(PersonalizationPhase.Evaluating));
                file = AdapterFile.Write(first.Adapter, _model);
                var (gated, decision) = await GateAsync(user, header, set, first, file, abort.Token);
                header = header with { Gated = gated };
                if (!decision.Promote) return await StoreAsync(user, header, decision, file, refitted: false, resumed, progress, abort.Token);
                if (header.Recipe.RefitOnAll && gated.BestEpoch > 0)
                {
                    file = null;
                    state = null;
                    await _checkpoints.WriteAsync(user, header, null, abort.Token);
                }
            }
            var passed = header.Gated;
            if (file is null)
            {
                var all = Sequences([.. set.Training, .. set.Validation]);
                var second = await PassAsync(user, header, global, all, null,
                    EngineOptions.Refit(header.Recipe, RefitSteps(passed.BestStep, all.Count, Sequences(set.Training).Count), header.MicroBatchTokens, header.CheckpointedBlocks), state, run, pool, progress, abort.Token);
                file = AdapterFile.Write(second.Adapter, _model);
                header = header with { Gated = passed with { Steps = passed.Steps + second.Steps } };
            }
            return await StoreAsync(user, header, new PromotionDecision(true, passed.Reason, passed.Before, passed.After), file,
                refitted: header.Recipe.RefitOnAll && passed.BestEpoch > 0, resumed, progress, abort.Token);
        }
        catch (RunSuspendedException suspended)
        {
            Log.RunSuspended(_logger, header.AdapterId, suspended.Reason);
            return new TrainingOutcome { Status = TrainingStatus.Suspended, Resumed = resumed, Pause = suspended.Reason };
        }
        catch (OperationCanceledException) when (run.IsAborted)
        {
            var missing = await MissingAsync(user, header, CancellationToken.None);
            await _checkpoints.DeleteAsync(user, CancellationToken.None);
            throw new ExamplesDeletedException(user, missing);
        }
        finally
        {
            _run = null;
        }
    }

    private static int RefitSteps(int bestStep, int all, int trained) => Math.Max(1, (int)Math.Round((double)bestStep * all / trained));

    /// <summary>One training from a fresh adapter, or on from a saved state; what stops it before its end leaves the state saved.</summary>
    private async Task<TrainingResult> PassAsync(string user, RunHeader header, GlobalLayer global, List<TrainingSequence> training, List<TrainingSequence>? validation,
        TrainingOptions options, ReadOnlyMemory<byte>? state, ActiveRun run, WorkerPool pool, IProgress<PersonalizationProgress>? progress,
        CancellationToken cancellationToken)
    {
        using var trainer = Start(header, global, training, validation, options, state, pool);
        var gate = new CheckpointGate(_scheduler, _time, (bytes, token) => run.IsAborted
            ? Task.CompletedTask
            : _checkpoints.WriteAsync(user, header, bytes, token), progress);
        try
        {
            return await trainer.RunAsync(progress is null ? null : new ForwardedProgress(progress), gate, cancellationToken);
        }
        catch (OperationCanceledException) when (!run.IsAborted)
        {
            await gate.SaveAsync(trainer, CancellationToken.None);
            throw;
        }
    }

    private LoraTrainer Start(RunHeader header, GlobalLayer global, List<TrainingSequence> training, List<TrainingSequence>? validation, TrainingOptions options,
        ReadOnlyMemory<byte>? state, WorkerPool pool)
    {
        if (state is { } bytes)
        {
            try
            {
                return LoraTrainer.Resume(bytes.Span, _model, options, training, validation, pool, _time, global.Beneath);
            }
            catch (TrainingCheckpointException e) when (e.Problem == TrainingCheckpointProblem.Version)
            {
                // Written before an update of this library: the pass starts over, to the same end.
                Log.CheckpointOutdated(_logger, header.AdapterId, e.Message);
            }
        }
        return new LoraTrainer(_model, options, training, validation, null, pool, _time, global.Beneath);
    }

    private async Task<int> MissingAsync(string user, RunHeader header, CancellationToken cancellationToken)
    {
        var ids = header.TrainingExamples.Concat(header.ValidationExamples)
            .Select(id => RecordId.TryParse(id, out var parsed) ? parsed : default).ToList();
        return (await _store.Examples.MissingAsync(user, header.Collection, ids, cancellationToken)).Count;
    }

    private static List<TrainingSequence> Sequences(IReadOnlyList<TrainingMessage> messages) =>
        [.. messages.SelectMany(message => message.Encoded.Pieces).Select(piece => piece.ToSequence())];

    private static string SetDigest(IReadOnlyList<string> training, IReadOnlyList<string> validation) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', training) + "\n\n" + string.Join('\n', validation))));

    private sealed class ForwardedProgress(IProgress<PersonalizationProgress> inner) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => inner.Report(new PersonalizationProgress(PersonalizationPhase.Training, value));
    }
}

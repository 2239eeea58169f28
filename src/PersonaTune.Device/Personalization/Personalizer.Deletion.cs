using PersonaTune.Device.Adapters;
using PersonaTune.Device.Storage;

namespace PersonaTune.Device.Personalization;

public sealed partial class Personalizer
{
    private readonly AsyncLocal<bool> _ownDeletion = new();
    private Task _pendingInvalidation = Task.CompletedTask;

    /// <summary>
    /// Deletes examples and everything that learned from them: a run that is training on them stops, its checkpoint is erased, adapters
    /// are invalidated and their weights erased, the slot falls back to the last unaffected ancestor or the base, and the n-gram cache is
    /// built again without them. If the process dies in between, the next <see cref="UseAsync"/> or <see cref="TrainAsync"/> completes it.
    /// </summary>
    public async Task<DeletionOutcome> DeleteExamplesAsync(string user, IReadOnlyCollection<RecordId> ids, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(user);
        ArgumentNullException.ThrowIfNull(ids);
        int deleted;
        _ownDeletion.Value = true;
        try
        {
            deleted = await _store.Examples.DeleteAsync(user, Options.Collection, ids, cancellationToken);
        }
        finally
        {
            _ownDeletion.Value = false;
        }
        var names = ids.Select(id => id.ToString()).ToList();
        _run?.AbortIf(user, names);
        // The examples are gone: what follows must not stop half-way.
        var (invalidated, active) = await ForgetLearnedAsync(user, names, CancellationToken.None);
        return new DeletionOutcome(deleted, invalidated, active);
    }

    /// <summary>
    /// Invalidates adapters and erases a checkpoint whose examples are no longer stored, and returns the adapters. Needed only after a
    /// deletion that this object did not see, such as one by another process; <see cref="UseAsync"/> and <see cref="TrainAsync"/> do it.
    /// </summary>
    public async Task<IReadOnlyList<AdapterEntry>> ReconcileAsync(string user, CancellationToken cancellationToken = default)
    {
        await _pendingInvalidation.WaitAsync(cancellationToken);
        return await StateLockedAsync(async () =>
        {
            await _library.EnforceAsync(user, cancellationToken: cancellationToken);
            var entries = await _library.ListAsync(user, cancellationToken);
            var pending = await _checkpoints.ReadAsync(user, cancellationToken);
            var known = entries.Where(entry => entry.State != AdapterState.Invalidated)
                .SelectMany(entry => Names(entry.Manifest.Collection, entry.Manifest.TrainingExamples, entry.Manifest.ValidationExamples))
                .Concat(pending is { } run ? Names(run.Header.Collection, run.Header.TrainingExamples, run.Header.ValidationExamples) : [])
                .GroupBy(example => example.Collection, example => example.Id, StringComparer.Ordinal);
            var missing = new List<string>();
            foreach (var collection in known)
            {
                var ids = collection.Distinct(StringComparer.Ordinal).Select(id => RecordId.TryParse(id, out var parsed) ? parsed : default).ToList();
                missing.AddRange((await _store.Examples.MissingAsync(user, collection.Key, ids, cancellationToken)).Select(id => id.ToString()));
            }
            return missing.Count == 0 ? [] : (await ForgetLockedAsync(user, missing, cancellationToken)).Invalidated;
        }, cancellationToken);

        static IEnumerable<(string Collection, string Id)> Names(string collection, IReadOnlyList<string> training, IReadOnlyList<string> validation) =>
            training.Concat(validation).Select(id => (collection, id));
    }

    private Task<(IReadOnlyList<AdapterEntry> Invalidated, AdapterEntry? Active)> ForgetLearnedAsync(
        string user, IReadOnlyList<string> deleted, CancellationToken cancellationToken) =>
        StateLockedAsync(() => ForgetLockedAsync(user, deleted, cancellationToken), cancellationToken);

    private async Task<(IReadOnlyList<AdapterEntry> Invalidated, AdapterEntry? Active)> ForgetLockedAsync(
        string user, IReadOnlyList<string> deleted, CancellationToken cancellationToken)
    {
        var gone = deleted.ToHashSet(StringComparer.Ordinal);
        var invalidated = await _library.InvalidateByExamplesAsync(user, gone, cancellationToken);
        if (await _checkpoints.ReadAsync(user, cancellationToken) is { Header: var header }
            && (header.TrainingExamples.Any(gone.Contains) || header.ValidationExamples.Any(gone.Contains)))
            await _checkpoints.DeleteAsync(user, cancellationToken);
        // Weights of the mixture were tuned on held-out messages: they go with the adapters that these messages chose.
        if (await _nGrams.ExistsAsync(user, cancellationToken))
            await RebuildNGramsAsync(user, Options.Collection, null, keepMixture: invalidated.Count == 0, cancellationToken);
        var active = invalidated.Count > 0
            ? await SwapAsync(user, adopt: false, cancellationToken)
            : await _library.GetActiveAsync(user, cancellationToken);
        return (invalidated, active);
    }

    /// <summary>A deletion through the store itself: stop the run at once, invalidate soon; whatever comes next waits for it.</summary>
    private void OnExamplesDeleted(object? sender, ExamplesDeletedEventArgs deletion)
    {
        if (_ownDeletion.Value) return;
        if (deletion.UserForgotten)
        {
            _run?.AbortIf(deletion.User, null);
            if (string.Equals(CurrentUser, deletion.User, StringComparison.Ordinal)) _slot.Swap(_global.Stack);
            return;
        }
        var names = deletion.Ids.Select(id => id.ToString()).ToList();
        _run?.AbortIf(deletion.User, names);
        _pendingInvalidation = InvalidateLaterAsync(_pendingInvalidation, deletion.User, names);
    }

    private async Task InvalidateLaterAsync(Task before, string user, IReadOnlyList<string> names)
    {
        await before;
        try
        {
            // The store may still hold its lock on this thread.
            await Task.Run(() => ForgetLearnedAsync(user, names, CancellationToken.None));
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Reconciling at the next start finds the same adapters; until then nothing of this person runs.
            Log.InvalidationFailed(_logger, e);
            if (string.Equals(CurrentUser, user, StringComparison.Ordinal)) _slot.Swap(_global.Stack);
        }
    }
}

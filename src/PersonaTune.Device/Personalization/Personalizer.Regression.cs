using System.Text.Json;
using PersonaTune.Device.Adapters;
using PersonaTune.Engine.Inference;

namespace PersonaTune.Device.Personalization;

public sealed partial class Personalizer
{
    private const string RegressionCollection = "training";
    private const string RegressionName = "regression";
    private readonly SemaphoreSlim _observing = new(1, 1);
    private Watch? _watch;

    /// <summary>
    /// Watches the active adapter on a text that the person wrote or accepted: compares it with what its parent would have made of the
    /// text, and rolls back by itself once the adapter is worse by the margin over the window. The text is not stored by this call.
    /// </summary>
    /// <exception cref="AdapterIntegrityException">A stored adapter was tampered with.</exception>
    public async Task<ObservationOutcome> ObserveAsync(string user, string text, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(user);
        var message = Encoder(Options.Recipe).Encode(text);
        if (message.Pieces.Count == 0) return new ObservationOutcome(null, null);
        await _observing.WaitAsync(cancellationToken);
        try
        {
            var active = await _library.GetActiveAsync(user, cancellationToken);
            if (active is null || !IsForThisBase(active.Manifest)) return new ObservationOutcome(null, null);
            if (_watch?.Matches(user, active.Id) != true) _watch = await WatchAsync(user, active, cancellationToken);
            var watch = _watch;
            var (mine, parents) = await Task.Run(() =>
                (_scorer.Score(watch.Active, [message], cancellationToken)[0], _scorer.Score(watch.Parent, [message], cancellationToken)[0]), cancellationToken);
            var verdict = watch.Monitor.Record(mine, parents);
            if (!verdict.Regressed)
            {
                var window = watch.Monitor.Save(active.Id, watch.ParentId);
                await _store.Blobs.PutAsync(user, RegressionCollection, RegressionName,
                    JsonSerializer.SerializeToUtf8Bytes(window, PersonalizationJson.Default.RegressionWindow), cancellationToken);
                return new ObservationOutcome(verdict, null);
            }
            var reason = string.Create(System.Globalization.CultureInfo.InvariantCulture,
                $"its loss on {verdict.Messages} accepted messages is {verdict.Comparison.RelativeDifference:P1} above its parent's");
            await RollbackAsync(user, toBase: false, reason, cancellationToken);
            Log.RolledBack(_logger, active.Id, reason);
            _watch = null;
            return new ObservationOutcome(verdict, active);
        }
        finally
        {
            _observing.Release();
        }
    }

    private async Task<Watch> WatchAsync(string user, AdapterEntry active, CancellationToken cancellationToken)
    {
        // The parent that a rollback would return to: one that is gone or of another base is replaced by the base.
        var entries = await _library.ListAsync(user, cancellationToken);
        var parent = entries.FirstOrDefault(entry => string.Equals(entry.Id, active.Manifest.ParentId, StringComparison.Ordinal)
            && entry.State == AdapterState.Superseded && IsForThisBase(entry.Manifest));
        var monitor = new RegressionMonitor(Options.Regression);
        if (await _store.Blobs.GetAsync(user, RegressionCollection, RegressionName, cancellationToken) is { } blob
            && Read(blob.Content.Span) is { } window
            && string.Equals(window.AdapterId, active.Id, StringComparison.Ordinal)
            && string.Equals(window.ParentId, parent?.Id, StringComparison.Ordinal))
            monitor.Restore(window);
        return new Watch(user, active.Id, parent?.Id, await LoadAsync(active, cancellationToken),
            parent is null ? _global.Stack : await LoadAsync(parent, cancellationToken), monitor);
    }

    private static RegressionWindow? Read(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, PersonalizationJson.Default.RegressionWindow);
        }
        catch (JsonException)
        {
            return null; // another version's window: watching starts anew
        }
    }

    private sealed record Watch(string User, string ActiveId, string? ParentId, AdapterStack Active, AdapterStack Parent, RegressionMonitor Monitor)
    {
        public bool Matches(string user, string adapterId) =>
            string.Equals(User, user, StringComparison.Ordinal) && string.Equals(ActiveId, adapterId, StringComparison.Ordinal);
    }
}

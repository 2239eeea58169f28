using System.Security.Cryptography;
using System.Text.Json;
using PersonaTune.Device.Storage;
using PersonaTune.Privacy.Signing;

namespace PersonaTune.Device.Adapters;

/// <summary>
/// A person's adapters, sealed in the encrypted store: lineage signed by the device key, weights, and which one is active.
/// </summary>
/// <remarks>
/// Every change (adding, promoting, rolling back, deleting, invalidating) is one transaction of the store, so that a process may die at
/// any point: the library then shows the state before or after, never one between. Thread-safe.
/// </remarks>
public sealed class AdapterLibrary : IDisposable
{
    private const string Collection = "adapters";
    private const string IndexName = "index";
    private const int KeptManifests = 20;

    private readonly IBlobStore _blobs;
    private readonly IManifestSigner _signer;
    private readonly TimeProvider _time;
    private readonly int _keepInactive;
    private readonly SemaphoreSlim _gate = new(1, 1);

    /// <summary>The library in an encrypted store; it must outlive the library.</summary>
    /// <param name="store">The store.</param>
    /// <param name="time">Clock of the entries; null takes the system's.</param>
    /// <param name="keepInactive">Adapters kept besides the active one, for rollback. Default 3.</param>
    public AdapterLibrary(SealedStore store, TimeProvider? time = null, int keepInactive = 3)
        : this(new SealedBlobStore(store.Blobs), new DeviceKeySigner(store.Keyring.Identity), time ?? TimeProvider.System, keepInactive)
    {
    }

    internal AdapterLibrary(IBlobStore blobs, IManifestSigner signer, TimeProvider time, int keepInactive = 3)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(keepInactive);
        (_blobs, _signer, _time, _keepInactive) = (blobs, signer, time, keepInactive);
    }

    /// <summary>All adapters of a user, oldest first, their signatures verified.</summary>
    /// <exception cref="AdapterIntegrityException">A manifest or the index was tampered with.</exception>
    public Task<IReadOnlyList<AdapterEntry>> ListAsync(string user, CancellationToken cancellationToken = default) =>
        LockedAsync<IReadOnlyList<AdapterEntry>>(async () =>
        {
            var index = await ReadIndexAsync(user, cancellationToken);
            var entries = new List<AdapterEntry>(index.Items.Count);
            foreach (var item in index.Items) entries.Add(await OpenAsync(user, item, cancellationToken));
            return entries;
        }, cancellationToken);

    /// <summary>One adapter.</summary>
    /// <exception cref="AdapterNotFoundException">There is none with this id.</exception>
    /// <exception cref="AdapterIntegrityException">It was tampered with.</exception>
    public Task<AdapterEntry> GetAsync(string user, string adapterId, CancellationToken cancellationToken = default) =>
        LockedAsync(async () =>
        {
            var index = await ReadIndexAsync(user, cancellationToken);
            return await OpenAsync(user, index.Find(adapterId) ?? throw NotFound(user, adapterId), cancellationToken);
        }, cancellationToken);

    /// <summary>The active adapter, or null where the base model runs alone.</summary>
    /// <exception cref="AdapterIntegrityException">It was tampered with.</exception>
    public Task<AdapterEntry?> GetActiveAsync(string user, CancellationToken cancellationToken = default) =>
        LockedAsync(async () =>
        {
            var index = await ReadIndexAsync(user, cancellationToken);
            return index.ActiveId is { } id ? await OpenAsync(user, index.Find(id)!, cancellationToken) : null;
        }, cancellationToken);

    /// <summary>The adapter's file (GGUF), its digest checked against the signed manifest.</summary>
    /// <exception cref="AdapterNotFoundException">There is none with this id, or its weights were erased.</exception>
    /// <exception cref="AdapterIntegrityException">It was tampered with.</exception>
    public Task<ReadOnlyMemory<byte>> ReadWeightsAsync(string user, string adapterId, CancellationToken cancellationToken = default) =>
        LockedAsync(async () =>
        {
            var index = await ReadIndexAsync(user, cancellationToken);
            var entry = await OpenAsync(user, index.Find(adapterId) ?? throw NotFound(user, adapterId), cancellationToken);
            if (!entry.HasWeights) throw new AdapterNotFoundException(user, adapterId, $"its weights were erased ({entry.State})");
            var weights = await _blobs.ReadAsync(user, Collection, WeightsName(adapterId), cancellationToken)
                ?? throw new AdapterIntegrityException(adapterId, "its weights", "none");
            var digest = Convert.ToHexStringLower(SHA256.HashData(weights.Span));
            return string.Equals(digest, entry.Manifest.WeightsDigest, StringComparison.Ordinal)
                ? weights
                : throw new AdapterIntegrityException(adapterId, $"weights with digest {entry.Manifest.WeightsDigest}", digest);
        }, cancellationToken);

    /// <summary>Stores a trained adapter as a candidate. Storing the same one again, after a crash, changes nothing.</summary>
    /// <exception cref="ArgumentException">The weights do not have the manifest's digest.</exception>
    public Task<AdapterEntry> AddAsync(AdapterManifest manifest, ReadOnlyMemory<byte> weights, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        if (!string.Equals(Convert.ToHexStringLower(SHA256.HashData(weights.Span)), manifest.WeightsDigest, StringComparison.Ordinal))
            throw new ArgumentException($"the weights of adapter '{manifest.Id}' do not have the digest that its manifest names", nameof(weights));
        return StoreAsync(manifest, weights, AdapterState.Candidate, manifest.GateReason, cancellationToken);
    }

    /// <summary>Keeps the manifest of a candidate that did not pass the gate; its weights are not stored.</summary>
    public Task<AdapterEntry> AddRejectedAsync(AdapterManifest manifest, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        return StoreAsync(manifest, null, AdapterState.Rejected, manifest.GateReason, cancellationToken);
    }

    /// <summary>Makes an adapter the active one; the one before is superseded. One atomic write. Nothing happens if it is active already.</summary>
    /// <exception cref="AdapterNotFoundException">There is none with this id.</exception>
    /// <exception cref="AdapterStateException">Its weights were erased, or it was imported and its time is over.</exception>
    public Task<AdapterEntry> ActivateAsync(string user, string adapterId, string reason, CancellationToken cancellationToken = default) =>
        LockedAsync(async () =>
        {
            var index = await ReadIndexAsync(user, cancellationToken);
            var entry = await OpenAsync(user, index.Find(adapterId) ?? throw NotFound(user, adapterId), cancellationToken);
            if (!entry.HasWeights) throw new AdapterStateException(adapterId, "an adapter with weights", entry.State, "train again");
            if (entry.Manifest.Provenance?.NotAfter is { } end && end < _time.GetUtcNow())
                throw new AdapterStateException(adapterId, $"an adapter that may be used (this one until {end:O})", entry.State, "import a newer version");
            if (entry.State == AdapterState.Active) return entry;
            index = index.Activate(adapterId, AdapterState.Superseded, $"superseded by {adapterId}", reason, _time.GetUtcNow());
            index = await WriteAsync(user, index, [], cancellationToken);
            return await OpenAsync(user, index.Find(adapterId)!, cancellationToken);
        }, cancellationToken);

    /// <summary>
    /// Takes the active adapter back: its nearest ancestor that is still there becomes active, or the base model. Returns what is active
    /// then, null for the base.
    /// </summary>
    /// <param name="user">The person.</param>
    /// <param name="toBase">Return to the base model whatever the ancestors.</param>
    /// <param name="reason">Why; kept with the adapter.</param>
    /// <param name="cancellationToken">Cancels before the write.</param>
    /// <exception cref="AdapterNotFoundException">No adapter is active.</exception>
    public Task<AdapterEntry?> RollbackAsync(string user, bool toBase, string reason, CancellationToken cancellationToken = default) =>
        LockedAsync(async () =>
        {
            var index = await ReadIndexAsync(user, cancellationToken);
            var active = index.ActiveId ?? throw new AdapterNotFoundException(user, "(active)", "the base model runs alone");
            var next = toBase ? null : Ancestor(index, active);
            index = index.Activate(next, AdapterState.RolledBack, reason, $"returned to: {reason}", _time.GetUtcNow());
            index = await WriteAsync(user, index, [], cancellationToken);
            return next is null ? null : await OpenAsync(user, index.Find(next)!, cancellationToken);
        }, cancellationToken);

    /// <summary>Erases an adapter. The active one is replaced by its nearest ancestor or the base model; returns what is active then.</summary>
    /// <exception cref="AdapterNotFoundException">There is none with this id.</exception>
    public Task<AdapterEntry?> DeleteAsync(string user, string adapterId, CancellationToken cancellationToken = default) =>
        LockedAsync(async () =>
        {
            var index = await ReadIndexAsync(user, cancellationToken);
            if (index.Find(adapterId) is null) throw NotFound(user, adapterId);
            if (string.Equals(index.ActiveId, adapterId, StringComparison.Ordinal))
                index = index.Activate(Ancestor(index, adapterId), AdapterState.RolledBack, "deleted", $"{adapterId} was deleted", _time.GetUtcNow());
            index = await WriteAsync(user, index.Without(adapterId), [], cancellationToken, adapterId);
            return index.ActiveId is { } id ? await OpenAsync(user, index.Find(id)!, cancellationToken) : null;
        }, cancellationToken);

    /// <summary>
    /// Invalidates every adapter that learned from, or was chosen with, one of the examples: the active one is replaced by its nearest
    /// unaffected ancestor or the base in the same atomic write, then the weights are erased. Returns the manifests of those invalidated
    /// now, oldest first; they say how to train again.
    /// </summary>
    public Task<IReadOnlyList<AdapterEntry>> InvalidateByExamplesAsync(
        string user, IReadOnlyCollection<string> deletedExampleIds, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(deletedExampleIds);
        var deleted = deletedExampleIds.ToHashSet(StringComparer.Ordinal);
        return InvalidateAsync(user, manifest => manifest.LearnedFromAny(deleted), "examples it learned from were deleted", cancellationToken);
    }

    /// <summary>
    /// Invalidates every adapter that learned from an example which the store no longer holds: what
    /// <see cref="InvalidateByExamplesAsync"/> would have done had the process not died between the two steps of a deletion.
    /// </summary>
    public Task<IReadOnlyList<AdapterEntry>> ReconcileAsync(
        string user, IReadOnlyCollection<string> storedExampleIds, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(storedExampleIds);
        var stored = storedExampleIds.ToHashSet(StringComparer.Ordinal);
        return InvalidateAsync(user,
            manifest => !manifest.TrainingExamples.All(stored.Contains) || !manifest.ValidationExamples.All(stored.Contains),
            "examples it learned from are no longer stored", cancellationToken);
    }

    /// <summary>
    /// Invalidates imported adapters that may not be used any more: their time is over, or <paramref name="trust"/> revokes them, their signer, or demands a newer
    /// version. The active one is replaced by its nearest ancestor or the base. Returns those invalidated now.
    /// </summary>
    public Task<IReadOnlyList<AdapterEntry>> EnforceAsync(string user, TrustStore? trust = null, CancellationToken cancellationToken = default)
    {
        var now = _time.GetUtcNow();
        return InvalidateAsync(user, manifest => manifest.Provenance is { } provenance && provenance.IsOver(now, trust), "expired or revoked", cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();

    private Task<IReadOnlyList<AdapterEntry>> InvalidateAsync(
        string user, Func<AdapterManifest, bool> affected, string reason, CancellationToken cancellationToken) =>
        LockedAsync<IReadOnlyList<AdapterEntry>>(async () =>
        {
            var before = await ReadIndexAsync(user, cancellationToken);
            var index = before;
            var now = _time.GetUtcNow();
            var hit = new List<AdapterEntry>();
            foreach (var item in before.Items.Where(item => item.State != AdapterState.Invalidated))
            {
                var entry = await OpenAsync(user, item, cancellationToken);
                if (!affected(entry.Manifest)) continue;
                var changed = item with { State = AdapterState.Invalidated, Reason = reason, Changed = now };
                hit.Add(entry with { State = changed.State, StateReason = reason, Changed = now });
                index = index.With(changed);
            }
            if (hit.Count > 0)
            {
                if (index.ActiveId is { } active && index.Find(active)!.State == AdapterState.Invalidated)
                {
                    var next = Ancestor(index, active);
                    if (next is not null)
                        index = index.With(index.Find(next)! with { State = AdapterState.Active, Reason = $"{active} was invalidated", Changed = now });
                    index = index with { ActiveId = next };
                }
                await WriteAsync(user, index, [], cancellationToken);
            }
            return hit;
        }, cancellationToken);

    private Task<AdapterEntry> StoreAsync(
        AdapterManifest manifest, ReadOnlyMemory<byte>? weights, AdapterState state, string reason, CancellationToken cancellationToken) =>
        LockedAsync(async () =>
        {
            var user = manifest.User;
            var index = await ReadIndexAsync(user, cancellationToken);
            if (index.Find(manifest.Id) is { } known)
            {
                var entry = await OpenAsync(user, known, cancellationToken);
                return string.Equals(entry.Manifest.WeightsDigest, manifest.WeightsDigest, StringComparison.Ordinal)
                    ? entry
                    : throw new AdapterStateException(manifest.Id, "an unused id", known.State, "choose another id");
            }
            var number = index.Items.Count == 0 ? 1 : index.Items[^1].Number + 1;
            index = index.With(new AdapterIndexItem(number, manifest.Id, manifest.ParentId, state, reason, _time.GetUtcNow()));
            var values = new List<KeyValuePair<string, ReadOnlyMemory<byte>>>
            {
                new(ManifestName(manifest.Id), SignedManifest.Write(manifest, _signer)),
            };
            if (weights is { } content) values.Add(new(WeightsName(manifest.Id), content));
            index = await WriteAsync(user, index, values, cancellationToken);
            return await OpenAsync(user, index.Find(manifest.Id)!, cancellationToken);
        }, cancellationToken);

    /// <summary>
    /// Writes values and index in one transaction that also erases what the new index lets go of: weights of adapters without, removed
    /// adapters, and the oldest inactive ones beyond the number that is kept.
    /// </summary>
    private async Task<AdapterIndex> WriteAsync(string user, AdapterIndex index, List<KeyValuePair<string, ReadOnlyMemory<byte>>> values,
        CancellationToken cancellationToken, string? removed = null)
    {
        var surplus = index.Items.Where(item => item.State != AdapterState.Active && item.HasWeights).SkipLast(_keepInactive)
            .Concat(index.Items.Where(item => !item.HasWeights).SkipLast(KeptManifests)).Select(item => item.Id).ToList();
        foreach (var id in surplus) index = index.Without(id);
        if (removed is not null) surplus.Add(removed);
        var delete = surplus.SelectMany(id => new[] { WeightsName(id), ManifestName(id) })
            .Concat(index.Items.Where(item => !item.HasWeights).Select(item => WeightsName(item.Id))).ToList();
        values.Add(new(IndexName, JsonSerializer.SerializeToUtf8Bytes(index, AdapterJson.Default.AdapterIndex)));
        await _blobs.WriteAsync(user, Collection, values, delete, cancellationToken);
        return index;
    }

    private static string? Ancestor(AdapterIndex index, string id)
    {
        // Parents were created earlier, so their numbers fall; the check stops a forged cycle.
        for (var item = index.Find(id); item?.ParentId is { } parent && index.Find(parent) is { } next && next.Number < item.Number; item = next)
            if (next.CanReturn) return parent;
        return null;
    }

    private async Task<AdapterEntry> OpenAsync(string user, AdapterIndexItem item, CancellationToken cancellationToken)
    {
        var content = await _blobs.ReadAsync(user, Collection, ManifestName(item.Id), cancellationToken)
            ?? throw new AdapterIntegrityException(item.Id, "its manifest", "none");
        var manifest = SignedManifest.Read(item.Id, content.Span, _signer, out var keyId);
        return new AdapterEntry(manifest, item.State, item.Reason, item.Changed, keyId);
    }

    private async Task<AdapterIndex> ReadIndexAsync(string user, CancellationToken cancellationToken)
    {
        if (await _blobs.ReadAsync(user, Collection, IndexName, cancellationToken) is not { } content) return AdapterIndex.Empty;
        var index = AdapterJson.Read(content.Span, AdapterJson.Default.AdapterIndex, $"index of user '{user}'");
        return index.ActiveId is null || index.Find(index.ActiveId)?.State == AdapterState.Active
            ? index
            : throw new AdapterIntegrityException(index.ActiveId, "the active adapter in the index", "none in that state");
    }

    private static string ManifestName(string id) => "manifest/" + id;

    private static string WeightsName(string id) => "weights/" + id;

    private static AdapterNotFoundException NotFound(string user, string adapterId) => new(user, adapterId, "none with this id");

    private async Task<T> LockedAsync<T>(Func<Task<T>> body, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            return await body();
        }
        finally
        {
            _gate.Release();
        }
    }
}

using PersonaTune.Device.Consent;
using PersonaTune.Device.Storage;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Vision;

namespace PersonaTune.Device.Photos;

/// <summary>
/// Learns a person's own labels for pictures: teach a few pictures of each, train, and get suggestions with calibrated confidence. Pictures, embeddings, labels and
/// the trained model lie in the encrypted store and nowhere else.
/// </summary>
/// <remarks>
/// Thread-safe; one operation at a time. Forgetting pictures deletes them and erases the model that learned from them in the same call; training again without them
/// gives, bit by bit, the model that would have been without them (same threads, same settings). If the process dies between the two steps, the next
/// <see cref="UseAsync"/> completes it.
/// </remarks>
public sealed partial class PhotoLabeler : IDisposable
{
    private const string ModelName = "model";
    private const string LabelsName = "labels";

    private readonly PhotoEncoder _encoder;
    private readonly WorkerPool _pool;
    private readonly SealedStore _store;
    private readonly ConsentPolicy? _consent;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly PhotoSession _frozen;

    // The person in use, their labels and their model.
    private string? _user;
    private volatile bool _deleting;
    private volatile bool _stale;
    private LabelCatalog _labels = LabelCatalog.Empty;
    private PhotoTrainingResult? _model;
    private PhotoSession? _session;
    private long _lastTicks;

    /// <summary>Creates a labeler; everything given to it must outlive it.</summary>
    /// <param name="encoder">The frozen encoder.</param>
    /// <param name="pool">Threads to compute with.</param>
    /// <param name="store">The encrypted store.</param>
    /// <param name="options">Settings; null for the defaults.</param>
    /// <param name="consent">Whether the person agreed to training; null where the application asks by other means.</param>
    /// <param name="time">Clock; null takes the system's.</param>
    /// <exception cref="ArgumentException">A setting is out of its range.</exception>
    public PhotoLabeler(PhotoEncoder encoder, WorkerPool pool, SealedStore store, PhotoLabelerOptions? options = null, ConsentPolicy? consent = null, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(encoder);
        ArgumentNullException.ThrowIfNull(pool);
        ArgumentNullException.ThrowIfNull(store);
        Options = options ?? new PhotoLabelerOptions();
        Options.Training.Validate();
        (_encoder, _pool, _store, _consent, _time) = (encoder, pool, store, consent, time ?? TimeProvider.System);
        _frozen = encoder.CreateSession(pool);
        _store.Examples.Deleted += OnExamplesDeleted;
    }

    /// <summary>The settings.</summary>
    public PhotoLabelerOptions Options { get; }

    /// <summary>Lineage of the model in use; null where none is trained.</summary>
    public PhotoLineage? Lineage { get; private set; }

    /// <summary>
    /// Loads a person's labels and model. A model that learned from pictures which are gone, or for another encoder, is erased. Called by the other methods where
    /// needed.
    /// </summary>
    /// <exception cref="Privacy.Sealing.TamperedException">A record was altered.</exception>
    public Task UseAsync(string user, CancellationToken cancellationToken = default) => LockedAsync(user, () => Task.FromResult(0), cancellationToken, reload: true);

    /// <summary>Stores pictures under a label, which is made where it is new. Nothing is learned until <see cref="TrainAsync"/>.</summary>
    /// <param name="user">The person.</param>
    /// <param name="label">The label's name, 1 to 200 characters.</param>
    /// <param name="photos">Pictures with names by which they are listed later.</param>
    /// <param name="cancellationToken">Cancels before the write.</param>
    /// <exception cref="ArgumentException">There is no picture, or the name is empty or too long.</exception>
    public Task<IReadOnlyList<RecordId>> TeachAsync(string user, string label, IReadOnlyList<(string Name, RgbImage Image)> photos, CancellationToken cancellationToken = default)
    {
        CheckName(label);
        ArgumentNullException.ThrowIfNull(photos);
        if (photos.Count == 0) throw new ArgumentException("give at least one picture", nameof(photos));
        return LockedAsync(user, async () =>
        {
            var id = _labels.Find(label);
            if (id is null)
            {
                id = RecordId.Create().ToString();
                await WriteLabelsAsync(_labels.With(id, label), cancellationToken);
            }

            return await AddAsync(id, photos, cancellationToken);
        }, cancellationToken);
    }

    /// <summary>Stores pictures without a label, to be found by <see cref="SearchAsync"/>; nothing learns from them.</summary>
    public Task<IReadOnlyList<RecordId>> RememberAsync(string user, IReadOnlyList<(string Name, RgbImage Image)> photos, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(photos);
        return LockedAsync(user, () => AddAsync(string.Empty, photos, cancellationToken), cancellationToken);
    }

    /// <summary>A person's labels by name.</summary>
    public Task<IReadOnlyList<PhotoLabel>> LabelsAsync(string user, CancellationToken cancellationToken = default) => LockedAsync<IReadOnlyList<PhotoLabel>>(user, async () =>
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        await foreach (var (_, photo) in ReadAsync(cancellationToken))
            if (_labels.Resolve(photo.LabelId) is { } id) counts[id] = counts.GetValueOrDefault(id) + 1;
        return [.. _labels.Ids.Select(id => new PhotoLabel(_labels.Name(id), counts.GetValueOrDefault(id), Lineage?.LabelIds.Contains(id) ?? false)).OrderBy(label => label.Name, StringComparer.Ordinal)];
    }, cancellationToken);

    /// <summary>A person's stored pictures, oldest first.</summary>
    public Task<IReadOnlyList<StoredPhoto>> PhotosAsync(string user, CancellationToken cancellationToken = default) => LockedAsync<IReadOnlyList<StoredPhoto>>(user, async () =>
    {
        var photos = new List<StoredPhoto>();
        await foreach (var (example, photo) in ReadAsync(cancellationToken)) photos.Add(new StoredPhoto(example.Id, photo.Name, LabelName(photo), example.Time, photo.Pixels.Length > 0));
        return [.. photos.OrderBy(photo => photo.Time).ThenBy(photo => photo.Id)];
    }, cancellationToken);

    /// <summary>Suggests labels for a picture. Where nothing is trained, the suggestion has no label and is unknown.</summary>
    /// <param name="user">The person.</param>
    /// <param name="image">The picture; it is not stored.</param>
    /// <param name="count">Most labels to name. Default 3.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public Task<PhotoSuggestion> SuggestAsync(string user, RgbImage image, int count = 3, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        return LockedAsync(user, () => Task.Run(() => Suggest(_encoder.Transform.Apply(image, Options.Framing), count), cancellationToken), cancellationToken);
    }

    /// <summary>The stored pictures most like a picture, by the frozen encoder's embeddings.</summary>
    public Task<IReadOnlyList<SimilarPhoto>> SearchAsync(string user, RgbImage image, int count = 10, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return LockedAsync<IReadOnlyList<SimilarPhoto>>(user, async () =>
        {
            var query = Views(_encoder.Transform.Apply(image, Options.Framing), 1)[0];
            var stored = new List<(Example Example, PhotoRecord Photo, float[] Direction)>();
            await foreach (var (example, photo) in ReadAsync(cancellationToken))
                if (Usable(photo)) stored.Add((example, photo, _encoder.Direction(photo.Embeddings[0])));
            var similarity = new PhotoSimilarity([.. stored.Select(entry => entry.Direction)]);
            var direction = _encoder.Direction(query);
            return [.. stored.Select(entry => new SimilarPhoto(entry.Example.Id, entry.Photo.Name, LabelName(entry.Photo), similarity.Compare(direction, entry.Direction)))
                .OrderByDescending(match => match.Similarity).ThenBy(match => match.Id).Take(count)];
        }, cancellationToken);
    }

    /// <summary>Gives a label another name. The model stays as it is.</summary>
    /// <exception cref="PhotoLabelException">There is no such label, or the new name is taken.</exception>
    public Task RenameAsync(string user, string label, string newName, CancellationToken cancellationToken = default)
    {
        CheckName(newName);
        return LockedAsync(user, async () =>
        {
            var id = Require(label);
            if (_labels.Find(newName) is { } other && other != id) throw new PhotoLabelException($"the label '{newName}' exists; merge '{label}' into it instead");
            await WriteLabelsAsync(_labels.With(id, newName), cancellationToken);
            return 0;
        }, cancellationToken);
    }

    /// <summary>Makes the pictures of one label those of another. The model, which told them apart, is erased; train again.</summary>
    /// <exception cref="PhotoLabelException">There is no such label, or both are the same.</exception>
    public Task MergeAsync(string user, string label, string into, CancellationToken cancellationToken = default) => LockedAsync(user, async () =>
    {
        var (from, to) = (Require(label), Require(into));
        if (from == to) throw new PhotoLabelException($"'{label}' cannot be merged into itself; name another label");
        // The model first: a label that it knows must not vanish from under it.
        await EraseModelAsync(cancellationToken);
        await WriteLabelsAsync(_labels.Merged(from, to), cancellationToken);
        return 0;
    }, cancellationToken);

    /// <summary>Deletes a label, its pictures, and the model that learned from them. Returns how many pictures were deleted; train again for the other labels.</summary>
    /// <exception cref="PhotoLabelException">There is no such label.</exception>
    public Task<int> ForgetLabelAsync(string user, string label, CancellationToken cancellationToken = default) => LockedAsync(user, async () =>
    {
        var id = Require(label);
        var gone = new List<RecordId>();
        await foreach (var (example, photo) in ReadAsync(cancellationToken))
            if (_labels.Resolve(photo.LabelId) == id) gone.Add(example.Id);
        var deleted = await DeleteAsync(gone, cancellationToken);
        if (Lineage?.LabelIds.Contains(id) ?? false) await EraseModelAsync(CancellationToken.None);
        await WriteLabelsAsync(_labels.Without(id), CancellationToken.None);
        return deleted;
    }, cancellationToken);

    /// <summary>Deletes pictures, and the model if it learned from one of them. Returns how many were deleted.</summary>
    public Task<int> ForgetPhotosAsync(string user, IReadOnlyCollection<RecordId> ids, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(ids);
        return LockedAsync(user, () => DeleteAsync(ids, cancellationToken), cancellationToken);
    }

    /// <summary>The trained model as a file (see <see cref="PhotoModelFile"/>), for a backup or a transfer; null where none is trained.</summary>
    public Task<byte[]?> ExportAsync(string user, CancellationToken cancellationToken = default) => LockedAsync(user, async () =>
        (await _store.Blobs.GetAsync(user, Options.Collection, ModelName, cancellationToken))?.Content.ToArray(), cancellationToken);

    /// <inheritdoc/>
    public void Dispose()
    {
        _store.Examples.Deleted -= OnExamplesDeleted;
        _session?.Dispose();
        _frozen.Dispose();
        _gate.Dispose();
    }

    // A deletion through the store itself: the next operation loads anew, and finds that the model's pictures are gone.
    private void OnExamplesDeleted(object? sender, ExamplesDeletedEventArgs deletion)
    {
        if (string.Equals(deletion.User, _user, StringComparison.Ordinal) && !_deleting) _stale = true;
    }

    private static void CheckName(string label)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(label);
        if (label.Length > LabelCatalog.MaxName) throw new ArgumentException($"a label's name has at most {LabelCatalog.MaxName} characters, found {label.Length}", nameof(label));
    }

    private string Require(string label) => _labels.Find(label) ?? throw new PhotoLabelException($"there is no label '{label}'; known are: {Known()}");

    private string Known() => _labels.Ids.Count == 0 ? "none" : string.Join(", ", _labels.Ids.Select(id => $"'{_labels.Name(id)}'").Order(StringComparer.Ordinal).Take(20));

    private string? LabelName(PhotoRecord photo) => _labels.Resolve(photo.LabelId) is { } id ? _labels.Name(id) : null;

    private bool Usable(PhotoRecord photo) => photo.Embeddings.Count > 0 && photo.Embeddings[0].Length == _encoder.EmbeddingLength
        && string.Equals(photo.EncoderDigest, _encoder.Digest, StringComparison.OrdinalIgnoreCase);
}

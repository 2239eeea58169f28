using PersonaTune.Device.Consent;
using PersonaTune.Device.Personalization;
using PersonaTune.Device.Storage;
using PersonaTune.Engine;
using PersonaTune.Engine.Vision;

namespace PersonaTune.Device.Photos;

/// <summary>Training, and what lies under all operations.</summary>
public sealed partial class PhotoLabeler
{
    /// <summary>
    /// Learns all labels of a person from the stored pictures and replaces the model in one write. LoRA is kept where it proves itself
    /// (<see cref="PhotoLabelerOptions.Gate"/>); pictures without pixels, or of another encoder, count for nothing or for the head alone.
    /// </summary>
    /// <exception cref="PhotoLabelException">No label has a picture, or the model in use was imported and knows a label that has none: training would lose it.</exception>
    /// <exception cref="ConsentRequiredException">The person did not agree.</exception>
    public Task<PhotoTrainingReport> TrainAsync(string user, IProgress<PhotoProgress>? progress = null, CancellationToken cancellationToken = default) => LockedAsync(user, async () =>
    {
        var started = _time.GetTimestamp();
        await DemandConsentAsync(user, cancellationToken);
        var photos = new List<(Example Example, PhotoRecord Photo, string Label)>();
        await foreach (var (example, photo) in ReadAsync(cancellationToken))
            if (Usable(photo) && _labels.Resolve(photo.LabelId) is { } label) photos.Add((example, photo, label));
        if (photos.Count == 0) throw new PhotoLabelException($"'{user}' has no label with a picture for this encoder; teach one first");
        // An order that does not depend on when records were written to the file.
        photos.Sort((a, b) => a.Example.Time != b.Example.Time ? a.Example.Time.CompareTo(b.Example.Time) : a.Example.Id.CompareTo(b.Example.Id));
        var ids = photos.Select(photo => photo.Label).Distinct().Order(StringComparer.Ordinal).ToArray();
        DemandNothingLost(ids);
        var training = new PhotoTrainingSet(_encoder, _pool, [.. photos.Select(photo => photo.Photo)], [.. photos.Select(photo => Array.IndexOf(ids, photo.Label))], ids.Length, Options);
        var (result, decision) = await Task.Run(() => training.Run(progress, cancellationToken), cancellationToken);

        var lineage = new PhotoLineage(_encoder.Digest, [.. photos.Select(photo => photo.Example.Id)], ids, result.Adapter is not null, Options.Training, _pool.Threads, _time.GetUtcNow());
        var bytes = PhotoModelFile.Write(result, _encoder.Digest, lineage.ToMetadata());
        await _store.Blobs.PutAsync(user, Options.Collection, ModelName, bytes, cancellationToken);
        SetModel(result, lineage);
        return new PhotoTrainingReport(photos.Count, ids.Length, result.Adapter is not null, decision.Reason, decision.HeldOut, decision.Head, decision.Adapter, _time.GetElapsedTime(started));
    }, cancellationToken);

    private async Task DemandConsentAsync(string user, CancellationToken cancellationToken)
    {
        if (_consent is null) return;
        try
        {
            await _consent.RequireAsync(user, ConsentPurpose.Personalization, Options.Collection, Convert.FromHexString(_encoder.Digest), cancellationToken);
        }
        catch (ConsentException exception)
        {
            throw new ConsentRequiredException(user, Options.Collection, exception.Message, exception);
        }
    }

    private PhotoSuggestion Suggest(byte[] prepared, int count)
    {
        if (_model is null || Lineage is null) return new PhotoSuggestion([], 1);
        var session = _session ??= _encoder.CreateSession(_pool, _model.Adapter);
        var views = new List<float[]> { session.Embed(prepared) };
        if (Lineage.Options is { Mirror: true, Views: > 1 }) views.Add(session.Embed(PhotoEncoder.Mirror(prepared, _encoder.Transform.Side)));
        var scores = _model.Head.Score(views);
        return new PhotoSuggestion([.. scores.Probabilities.Select((probability, i) => new LabelProbability(_labels.Name(Lineage.LabelIds[i]), probability))
            .OrderByDescending(label => label.Probability).Take(count)], scores.Unknown);
    }

    private List<float[]> Views(byte[] prepared, int count) => [.. Enumerable.Range(0, count).Select(view => _frozen.Embed(_encoder.View(prepared, view, Options.Training.Mirror)))];

    private async Task<IReadOnlyList<RecordId>> AddAsync(string labelId, IReadOnlyList<(string Name, RgbImage Image)> photos, CancellationToken cancellationToken)
    {
        var examples = new List<NewExample>(photos.Count);
        foreach (var (name, image) in photos)
        {
            var prepared = _encoder.Transform.Apply(image, Options.Framing);
            var embeddings = await Task.Run(() => Views(prepared, labelId.Length == 0 ? 1 : Options.Training.Views), cancellationToken);
            var record = new PhotoRecord(labelId, name, _encoder.Digest, embeddings, Options.KeepPixels && labelId.Length > 0 ? prepared : []);
            examples.Add(new NewExample(ExampleKind.Image, NextTime(), record.Encode()));
        }

        return await _store.Examples.AddRangeAsync(_user!, Options.Collection, examples, cancellationToken);
    }

    // Times order the training, so no two pictures have the same.
    private DateTimeOffset NextTime()
    {
        _lastTicks = Math.Max(_lastTicks + 1, _time.GetUtcNow().UtcTicks);
        return new DateTimeOffset(_lastTicks, TimeSpan.Zero);
    }

    private async Task<int> DeleteAsync(IReadOnlyCollection<RecordId> ids, CancellationToken cancellationToken)
    {
        if (ids.Count == 0) return 0;
        int deleted;
        _deleting = true;
        try
        {
            deleted = await _store.Examples.DeleteAsync(_user!, Options.Collection, ids, cancellationToken);
        }
        finally
        {
            _deleting = false;
        }

        // The pictures are gone: what follows must not stop half-way.
        if (Lineage is { } lineage && lineage.Examples.Any(ids.Contains)) await EraseModelAsync(CancellationToken.None);
        return deleted;
    }

    private async Task EraseModelAsync(CancellationToken cancellationToken)
    {
        SetModel(null, null);
        await _store.Blobs.DeleteAsync(_user!, Options.Collection, ModelName, cancellationToken);
    }

    private async Task WriteLabelsAsync(LabelCatalog labels, CancellationToken cancellationToken)
    {
        await _store.Blobs.PutAsync(_user!, Options.Collection, LabelsName, labels.Encode(), cancellationToken);
        _labels = labels;
    }

    private void SetModel(PhotoTrainingResult? model, PhotoLineage? lineage)
    {
        _session?.Dispose();
        (_session, _model, Lineage) = (null, model, lineage);
    }

    private async IAsyncEnumerable<(Example Example, PhotoRecord Photo)> ReadAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var example in _store.Examples.ListAsync(_user!, Options.Collection, cancellationToken))
            if (example.Kind == ExampleKind.Image) yield return (example, PhotoRecord.Decode(example));
    }

    private async Task<T> LockedAsync<T>(string user, Func<Task<T>> action, CancellationToken cancellationToken, bool reload = false)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(user);
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (reload || _stale || !string.Equals(_user, user, StringComparison.Ordinal)) await LoadAsync(user, cancellationToken);
            return await action();
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task LoadAsync(string user, CancellationToken cancellationToken)
    {
        SetModel(null, null);
        // A deletion from here on is one of the state that is read now or makes it stale again.
        (_user, _stale) = (user, false);
        _labels = await _store.Blobs.GetAsync(user, Options.Collection, LabelsName, cancellationToken) is { } labels ? LabelCatalog.Decode(labels.Content.Span) : LabelCatalog.Empty;
        if (await _store.Blobs.GetAsync(user, Options.Collection, ModelName, cancellationToken) is not { } blob) return;
        try
        {
            var (result, metadata) = PhotoModelFile.Read(blob.Content.Span, _encoder);
            var lineage = PhotoLineage.FromMetadata(metadata, _encoder.Digest);
            var missing = await _store.Examples.MissingAsync(user, Options.Collection, [.. lineage.Examples], cancellationToken);
            if (missing.Count == 0 && lineage.LabelIds.All(id => _labels.Ids.Contains(id)) && lineage.LabelIds.Count == result.Head.Labels)
            {
                SetModel(result, lineage);
                return;
            }
        }
        catch (EngineException)
        {
            // Of another encoder or version: train again.
        }

        await EraseModelAsync(cancellationToken);
    }
}

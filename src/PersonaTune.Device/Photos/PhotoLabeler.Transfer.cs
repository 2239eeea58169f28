using PersonaTune.Device.Adapters;
using PersonaTune.Device.Storage;
using PersonaTune.Engine.Vision;
using PersonaTune.Privacy.Signing;

namespace PersonaTune.Device.Photos;

/// <summary>What <see cref="PhotoTransfer"/> needs.</summary>
public sealed partial class PhotoLabeler
{
    internal string EncoderDigest => _encoder.Digest;

    internal void Demand(BundleManifest manifest) => PhotoBundle.Demand(manifest, _encoder, Options.Framing);

    internal PhotoBundle Read(BundleManifest manifest, byte[] payload) => PhotoBundle.Read(manifest, payload, _encoder, Options.Framing);

    internal Task<(PhotoBundle Bundle, AdapterProvenance? Origin)> BundleAsync(string user, CancellationToken cancellationToken) => LockedAsync(user, () =>
        _model is { } model && Lineage is { } lineage
            ? Task.FromResult((new PhotoBundle(model, [.. lineage.LabelIds.Select(_labels.Name)], lineage.Options, Options.Framing), lineage.Origin))
            : throw new PhotoLabelException($"'{user}' has no trained labels for this encoder; teach and train some first"), cancellationToken);

    internal Task<PhotoImportReport> AdoptAsync(string user, AdapterProvenance origin, bool replace, Func<PhotoBundle> read, CancellationToken cancellationToken) => LockedAsync(user, async () =>
    {
        if (Lineage?.Origin is { } present && string.Equals(present.BundleDigest, origin.BundleDigest, StringComparison.Ordinal))
            throw new PhotoImportException(PhotoImportFault.AlreadyImported, origin.Name, $"version {origin.Version} is in use; nothing is to do");
        if (!replace && await TaughtAsync(cancellationToken) is { } taught)
            throw new PhotoImportException(PhotoImportFault.LabelsExist, origin.Name, $"expected that '{user}' has no labels of their own, found {taught}; import for another person, or replace the model (replace: true, --replace in the tool; pictures and labels stay)");
        var bundle = read();
        var labels = _labels;
        var ids = new string[bundle.Labels.Count];
        for (var i = 0; i < ids.Length; i++)
        {
            ids[i] = labels.Find(bundle.Labels[i]) ?? RecordId.Create().ToString();
            labels = labels.With(ids[i], bundle.Labels[i]);
        }

        var lineage = new PhotoLineage(_encoder.Digest, [], ids, bundle.Model.Adapter is not null, bundle.Options, 0, origin.Imported) { Origin = origin };
        var bytes = PhotoModelFile.Write(bundle.Model, _encoder.Digest, lineage.ToMetadata());
        // One write: a model and the labels that it knows, or neither.
        await _store.Blobs.PutRangeAsync(user, Options.Collection, [new(LabelsName, labels.Encode()), new(ModelName, bytes)], cancellationToken: cancellationToken);
        _labels = labels;
        SetModel(bundle.Model, lineage);
        return new PhotoImportReport(bundle.Labels, lineage.UsesAdapter, origin);
    }, cancellationToken);

    internal Task<bool> EraseImportedAsync(string user, Func<AdapterProvenance, bool> refused, CancellationToken cancellationToken) => LockedAsync(user, async () =>
    {
        if (Lineage?.Origin is not { } origin || !refused(origin)) return false;
        await EraseModelAsync(cancellationToken);
        return true;
    }, cancellationToken);

    // A label without pictures that no model knows is a name alone: nothing is lost with it.
    private async Task<string?> TaughtAsync(CancellationToken cancellationToken)
    {
        if (_model is not null) return $"a model of {_model.Head.Labels} labels";
        await foreach (var (_, photo) in ReadAsync(cancellationToken))
            if (LabelName(photo) is { } label) return $"pictures of '{label}'";
        return null;
    }

    // An imported label without pictures cannot be learned again from what is here.
    private void DemandNothingLost(IReadOnlyCollection<string> taught)
    {
        if (Lineage is not { Origin: { } origin } lineage) return;
        var lost = lineage.LabelIds.Except(taught, StringComparer.Ordinal).Select(id => $"'{_labels.Name(id)}'").ToArray();
        if (lost.Length > 0)
            throw new PhotoLabelException($"training would lose {lost.Length} labels imported with '{origin.Name}' that have no picture here ({string.Join(", ", lost.Take(10))}); teach a few pictures of each, or forget them first");
    }
}

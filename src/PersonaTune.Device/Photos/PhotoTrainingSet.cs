using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Vision;

namespace PersonaTune.Device.Photos;

/// <summary>Pictures to learn from, and the decision between a head alone and LoRA with a head.</summary>
internal sealed class PhotoTrainingSet(PhotoEncoder encoder, WorkerPool pool, IReadOnlyList<PhotoRecord> photos, IReadOnlyList<int> labels, int labelCount, PhotoLabelerOptions options)
{
    public (PhotoTrainingResult Result, Decision Decision) Run(IProgress<PhotoProgress>? progress, CancellationToken cancellationToken)
    {
        var all = Enumerable.Range(0, photos.Count).ToArray();
        if (photos.Any(photo => photo.Pixels.Length == 0)) return (Head(all, cancellationToken), new Decision("pixels are not kept, so a head alone was learned", 0, 0, 0));
        if (options.Training.Layers == 0 || options.Training.Epochs == 0) return (Head(all, cancellationToken), new Decision("settings ask for a head alone", 0, 0, 0));
        if (encoder.Layers.Count == 0) return (Head(all, cancellationToken), new Decision("the encoder has no layer that can carry a pair", 0, 0, 0));
        if (labelCount < 2) return (Head(all, cancellationToken), new Decision("one label alone has nothing to be told apart from", 0, 0, 0));
        var counts = labels.GroupBy(label => label).ToDictionary(group => group.Key, group => group.Count());
        var held = all.GroupBy(i => labels[i]).Where(group => counts[group.Key] >= 3).Select(group => group.Last()).ToArray();
        if (!options.Gate || held.Length < 2)
            return (Adapt(all, progress, cancellationToken), new Decision(options.Gate ? "too few pictures to hold any out; LoRA was kept" : "the gate is off", 0, 0, 0));

        var kept = all.Except(held).ToArray();
        var before = Accuracy(Head(kept, cancellationToken), held);
        var after = Accuracy(Adapt(kept, null, cancellationToken), held);
        var better = after >= before;
        return (better ? Adapt(all, progress, cancellationToken) : Head(all, cancellationToken),
            new Decision(better ? "LoRA named the held-out pictures at least as well as a head alone" : "a head alone named the held-out pictures better than LoRA", held.Length, before, after));
    }

    // The frozen encoder's embeddings are stored: nothing is computed again.
    private PhotoTrainingResult Head(int[] indices, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new PhotoTrainingResult(null, PhotoTrainer.FitHead(encoder, [.. indices.Select(i => photos[i].Embeddings)], [.. indices.Select(i => labels[i])], labelCount, options.Training.Shrinkage), []);
    }

    private PhotoTrainingResult Adapt(int[] indices, IProgress<PhotoProgress>? progress, CancellationToken cancellationToken) =>
        PhotoTrainer.Train(encoder, pool, [.. indices.Select(i => new PhotoExample(photos[i].Pixels, labels[i]))], labelCount, options.Training, null, progress, cancellationToken);

    private double Accuracy(PhotoTrainingResult model, int[] held)
    {
        using var session = encoder.CreateSession(pool, model.Adapter);
        return held.Count(i => model.Head.Score(session.Embed(photos[i].Pixels)).Best == labels[i]) / (double)held.Length;
    }

    /// <summary>What was decided and why.</summary>
    public sealed record Decision(string Reason, int HeldOut, double Head, double Adapter);
}

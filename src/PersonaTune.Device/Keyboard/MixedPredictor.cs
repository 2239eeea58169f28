namespace PersonaTune.Device.Keyboard;

/// <summary>A model's predictions mixed with the person's n-gram cache.</summary>
internal sealed class MixedPredictor(ITokenPredictor model, NGramCache cache, CacheMixture mixture) : RememberingPredictor(model.VocabularySize)
{
    public override void Start(ReadOnlySpan<int> context)
    {
        base.Start(context);
        model.Start(context);
    }

    public override void Prepare(IReadOnlyList<int[]> paths) => model.Prepare([.. paths.Where(path => !Remembers(path))]);

    protected override void Compute(ReadOnlySpan<int> ids, Span<float> probabilities)
    {
        model.Predict(ids[ContextLength..]).CopyTo(probabilities);
        cache.Mix(ids, mixture, probabilities);
    }
}

namespace PersonaTune.Device.Keyboard;

/// <summary>A model's predictions mixed with those of the person's n-gram cache.</summary>
internal sealed class MixedPredictor(ITokenPredictor model, NGramCache cache, CacheMixture mixture) : RememberingPredictor(model.VocabularySize)
{
    private readonly float[] _cache = new float[model.VocabularySize];

    public override void Start(ReadOnlySpan<int> context)
    {
        base.Start(context);
        model.Start(context);
    }

    protected override void Compute(ReadOnlySpan<int> ids, Span<float> probabilities)
    {
        model.Predict(ids[ContextLength..]).CopyTo(probabilities);
        var match = cache.Match(ids);
        if (mixture.ModelWeight(match) == 1) return;
        cache.Probabilities(ids, _cache);
        mixture.Mix(match, probabilities, _cache);
    }
}

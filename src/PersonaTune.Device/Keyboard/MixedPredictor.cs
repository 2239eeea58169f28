using System.Runtime.InteropServices;

namespace PersonaTune.Device.Keyboard;

/// <summary>A model's predictions mixed with those of the person's n-gram cache.</summary>
internal sealed class MixedPredictor(ITokenPredictor model, NGramCache cache, CacheMixture mixture) : ITokenPredictor
{
    private readonly List<int> _ids = [];
    private readonly float[] _mixed = new float[model.VocabularySize];
    private readonly float[] _cache = new float[model.VocabularySize];
    private int _contextLength;

    public int VocabularySize => model.VocabularySize;

    public void Start(ReadOnlySpan<int> context)
    {
        model.Start(context);
        _ids.Clear();
        _ids.AddRange(context);
        _contextLength = context.Length;
    }

    public ReadOnlySpan<float> Predict(ReadOnlySpan<int> path)
    {
        var predicted = model.Predict(path);
        CollectionsMarshal.SetCount(_ids, _contextLength);
        _ids.AddRange(path);
        var context = CollectionsMarshal.AsSpan(_ids);
        var match = cache.Match(context);
        predicted.CopyTo(_mixed);
        if (mixture.ModelWeight(match) == 1) return _mixed;
        cache.Probabilities(context, _cache);
        mixture.Mix(match, _mixed, _cache);
        return _mixed;
    }
}

using System.Runtime.InteropServices;

namespace PersonaTune.Device.Keyboard;

/// <summary>Predictions of the person-only baseline.</summary>
internal sealed class KneserNeyPredictor(KneserNeyModel model) : ITokenPredictor
{
    private readonly List<int> _ids = [];
    private readonly float[] _probabilities = new float[model.VocabularySize];
    private int _contextLength;

    public int VocabularySize => model.VocabularySize;

    public void Start(ReadOnlySpan<int> context)
    {
        _ids.Clear();
        _ids.AddRange(context);
        _contextLength = context.Length;
    }

    public ReadOnlySpan<float> Predict(ReadOnlySpan<int> path)
    {
        CollectionsMarshal.SetCount(_ids, _contextLength);
        _ids.AddRange(path);
        model.Probabilities(CollectionsMarshal.AsSpan(_ids), _probabilities);
        return _probabilities;
    }
}

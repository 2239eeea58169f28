using PersonaTune.Engine.Inference;

namespace PersonaTune.Device.Keyboard;

/// <summary>
/// Predictions of a session. The distributions of one context are remembered (up to a limit), so that the next keystroke in the same
/// word finds the work of the last one done; a new context reuses the key/value cache of what it has in common with the old one.
/// </summary>
internal sealed class ModelPredictor(DecoderSession session) : ITokenPredictor
{
    private const int MaxRememberedBytes = 8 << 20;
    private readonly Dictionary<string, float[]> _remembered = new(StringComparer.Ordinal);
    private readonly Stack<float[]> _spare = new();
    private readonly List<int> _ids = [];
    private int _contextLength;

    public int VocabularySize => session.Model.Config.VocabularySize;

    public void Start(ReadOnlySpan<int> context)
    {
        if (context.IsEmpty) throw new ArgumentException("a prediction needs at least one token before it", nameof(context));
        if (_ids.Count == 0 || !System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_ids)[.._contextLength].SequenceEqual(context))
        {
            foreach (var values in _remembered.Values) _spare.Push(values);
            _remembered.Clear();
        }
        _ids.Clear();
        _ids.AddRange(context);
        _contextLength = context.Length;
    }

    public ReadOnlySpan<float> Predict(ReadOnlySpan<int> path)
    {
        var key = string.Create(path.Length * 2, path, static (characters, ids) =>
        {
            for (var i = 0; i < ids.Length; i++) (characters[2 * i], characters[2 * i + 1]) = ((char)(ids[i] >> 16), (char)ids[i]);
        });
        if (_remembered.TryGetValue(key, out var values)) return values;
        if ((_remembered.Count + 1L) * VocabularySize * sizeof(float) > MaxRememberedBytes && _remembered.Count > 1)
        {
            // The first distribution is the one that every keystroke needs.
            foreach (var (old, spare) in _remembered.Where(entry => entry.Key.Length > 0).ToList())
            {
                _remembered.Remove(old);
                _spare.Push(spare);
            }
        }
        System.Runtime.InteropServices.CollectionsMarshal.SetCount(_ids, _contextLength);
        _ids.AddRange(path);
        var logits = session.Continue(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_ids));
        if (!_spare.TryPop(out values)) values = new float[VocabularySize];
        ToProbabilities(logits, values);
        _remembered.Add(key, values);
        return values;
    }

    private static void ToProbabilities(ReadOnlySpan<float> logits, Span<float> probabilities)
    {
        var max = float.NegativeInfinity;
        foreach (var logit in logits) max = Math.Max(max, logit);
        var sum = 0.0;
        for (var i = 0; i < logits.Length; i++) sum += probabilities[i] = MathF.Exp(logits[i] - max);
        var scale = (float)(1 / sum);
        for (var i = 0; i < logits.Length; i++) probabilities[i] *= scale;
    }
}

using System.Runtime.InteropServices;

namespace PersonaTune.Device.Keyboard;

/// <summary>
/// Remembers the distributions of one context (up to a limit), so that the next keystroke in the same word finds the work of the last
/// one done.
/// </summary>
internal abstract class RememberingPredictor(int vocabularySize) : ITokenPredictor
{
    private const int MaxRememberedBytes = 8 << 20;
    private readonly Dictionary<string, float[]> _remembered = new(StringComparer.Ordinal);
    private readonly Stack<float[]> _spare = new();
    private readonly List<int> _ids = [];

    public int VocabularySize { get; } = vocabularySize;

    /// <summary>Tokens of the context.</summary>
    protected int ContextLength { get; private set; }

    public virtual void Start(ReadOnlySpan<int> context)
    {
        if (context.IsEmpty) throw new ArgumentException("a prediction needs at least one token before it", nameof(context));
        if (!CollectionsMarshal.AsSpan(_ids)[..ContextLength].SequenceEqual(context)) Forget(_remembered.Keys);
        _ids.Clear();
        _ids.AddRange(context);
        ContextLength = context.Length;
    }

    public ReadOnlySpan<float> Predict(ReadOnlySpan<int> path)
    {
        var key = string.Create(path.Length * 2, path, static (characters, ids) =>
        {
            for (var i = 0; i < ids.Length; i++) (characters[2 * i], characters[2 * i + 1]) = ((char)(ids[i] >> 16), (char)ids[i]);
        });
        if (_remembered.TryGetValue(key, out var values)) return values;
        // The first distribution is the one that every keystroke needs: it stays.
        if ((_remembered.Count + 1L) * VocabularySize * sizeof(float) > MaxRememberedBytes) Forget(_remembered.Keys.Where(old => old.Length > 0));
        CollectionsMarshal.SetCount(_ids, ContextLength);
        _ids.AddRange(path);
        if (!_spare.TryPop(out values)) values = new float[VocabularySize];
        Compute(CollectionsMarshal.AsSpan(_ids), values);
        _remembered.Add(key, values);
        return values;
    }

    /// <summary>Writes the distribution after all <paramref name="ids"/>, context and path.</summary>
    protected abstract void Compute(ReadOnlySpan<int> ids, Span<float> probabilities);

    private void Forget(IEnumerable<string> keys)
    {
        foreach (var key in keys.ToList())
        {
            _remembered.Remove(key, out var values);
            _spare.Push(values!);
        }
    }
}

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

    /// <summary>The context.</summary>
    protected ReadOnlySpan<int> Context => CollectionsMarshal.AsSpan(_ids)[..ContextLength];

    public virtual void Start(ReadOnlySpan<int> context)
    {
        if (context.IsEmpty) throw new ArgumentException("a prediction needs at least one token before it", nameof(context));
        if (!Context.SequenceEqual(context)) Forget(_remembered.Keys);
        _ids.Clear();
        _ids.AddRange(context);
        ContextLength = context.Length;
    }

    public virtual void Prepare(IReadOnlyList<int[]> paths)
    {
    }

    public ReadOnlySpan<float> Predict(ReadOnlySpan<int> path)
    {
        if (_remembered.TryGetValue(Key(path), out var values)) return values;
        CollectionsMarshal.SetCount(_ids, ContextLength);
        _ids.AddRange(path);
        MakeRoom(1);
        values = Remember(path);
        Compute(CollectionsMarshal.AsSpan(_ids), values);
        return values;
    }

    /// <summary>Writes the distribution after all <paramref name="ids"/>, context and path.</summary>
    protected abstract void Compute(ReadOnlySpan<int> ids, Span<float> probabilities);

    /// <summary>Whether a path's distribution is known.</summary>
    protected bool Remembers(ReadOnlySpan<int> path) => _remembered.ContainsKey(Key(path));

    /// <summary>Forgets old distributions where <paramref name="count"/> more would exceed the limit.</summary>
    protected void MakeRoom(int count)
    {
        // The first distribution is the one that every keystroke needs: it stays.
        if ((_remembered.Count + (long)count) * VocabularySize * sizeof(float) > MaxRememberedBytes)
            Forget(_remembered.Keys.Where(old => old.Length > 0));
    }

    /// <summary>Where the distribution of a path that is not known yet is to be written.</summary>
    protected float[] Remember(ReadOnlySpan<int> path)
    {
        if (!_spare.TryPop(out var values)) values = new float[VocabularySize];
        _remembered.Add(Key(path), values);
        return values;
    }

    private static string Key(ReadOnlySpan<int> path) => string.Create(path.Length * 2, path, static (characters, ids) =>
    {
        for (var i = 0; i < ids.Length; i++) (characters[2 * i], characters[2 * i + 1]) = ((char)(ids[i] >> 16), (char)ids[i]);
    });

    private void Forget(IEnumerable<string> keys)
    {
        foreach (var key in keys.ToList())
        {
            _remembered.Remove(key, out var values);
            _spare.Push(values!);
        }
    }
}

namespace PersonaTune.Device.Keyboard;

/// <summary>Gives next-token distributions for a context and the continuations that a search tries. Not thread-safe.</summary>
internal interface ITokenPredictor
{
    /// <summary>Number of token ids.</summary>
    int VocabularySize { get; }

    /// <summary>Sets the tokens that stand before the word, start token included.</summary>
    void Start(ReadOnlySpan<int> context);

    /// <summary>Says which paths will be asked for next, so that they can be computed together.</summary>
    void Prepare(IReadOnlyList<int[]> paths);

    /// <summary>The distribution (vocabulary) after the context and <paramref name="path"/>; valid until the next call on this or a predictor above it.</summary>
    ReadOnlySpan<float> Predict(ReadOnlySpan<int> path);
}

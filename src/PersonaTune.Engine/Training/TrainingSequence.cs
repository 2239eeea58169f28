namespace PersonaTune.Engine.Training;

/// <summary>
/// One training or evaluation example: token ids and which of them the loss counts. Token i (i at least 1) is predicted from tokens
/// 0 to i - 1; token 0 is never a target, so a sequence usually begins with the beginning-of-sequence id. Immutable.
/// </summary>
public sealed class TrainingSequence
{
    /// <summary>Creates a sequence; the arrays are copied. <paramref name="targets"/>[i] says whether token i counts, null means all.</summary>
    /// <exception cref="ArgumentException">Fewer than two tokens, a mask of another length, or no token that counts.</exception>
    public TrainingSequence(ReadOnlySpan<int> tokens, ReadOnlySpan<bool> targets)
    {
        if (tokens.Length < 2) throw new ArgumentException($"a training sequence needs at least 2 tokens, found {tokens.Length}", nameof(tokens));
        if (targets.Length != tokens.Length)
            throw new ArgumentException($"the mask needs one entry a token: {tokens.Length} tokens, {targets.Length} entries", nameof(targets));
        Tokens = tokens.ToArray();
        Targets = targets.ToArray();
        Targets[0] = false;
        foreach (var target in Targets)
            if (target) TargetCount++;
        if (TargetCount == 0) throw new ArgumentException("no token of the sequence counts in the loss; mark at least one as a target", nameof(targets));
    }

    /// <summary>Token ids.</summary>
    public ReadOnlyMemory<int> TokenIds => Tokens;

    /// <summary>Number of tokens.</summary>
    public int Length => Tokens.Length;

    /// <summary>Number of tokens that the loss counts, at least 1.</summary>
    public int TargetCount { get; }

    internal int[] Tokens { get; }

    internal bool[] Targets { get; }

    /// <summary>A sequence whose every token after the first counts.</summary>
    /// <exception cref="ArgumentException">Fewer than two tokens.</exception>
    public static TrainingSequence All(ReadOnlySpan<int> tokens) => Completion(tokens, 1);

    /// <summary>A prompt of <paramref name="promptLength"/> tokens, at least 1, that is read but not learned, and its completion.</summary>
    /// <exception cref="ArgumentException">Nothing follows the prompt.</exception>
    public static TrainingSequence Completion(ReadOnlySpan<int> tokens, int promptLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(promptLength, 1);
        var targets = new bool[tokens.Length];
        for (var i = promptLength; i < targets.Length; i++) targets[i] = true;
        return new TrainingSequence(tokens, targets);
    }
}

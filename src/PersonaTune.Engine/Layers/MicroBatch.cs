using PersonaTune.Engine.Training;

namespace PersonaTune.Engine.Layers;

/// <summary>
/// Sequences packed end to end without padding; each attends to itself only. Row t of an activation belongs to token t of the packing.
/// A target is a row whose next token the loss counts. The arrays are made once and refilled.
/// </summary>
internal sealed class MicroBatch
{
    private readonly int[] _tokens;
    private readonly int[] _starts;
    private readonly int[] _targetRows;
    private readonly int[] _targetIds;

    /// <summary>Creates an empty micro-batch for up to <paramref name="maxTokens"/> tokens.</summary>
    public MicroBatch(int maxTokens)
    {
        _tokens = new int[maxTokens];
        _starts = new int[maxTokens + 1];
        _targetRows = new int[maxTokens];
        _targetIds = new int[maxTokens];
    }

    /// <summary>Tokens that fit.</summary>
    public int Capacity => _tokens.Length;

    /// <summary>Packed token ids.</summary>
    public ReadOnlySpan<int> Tokens => _tokens.AsSpan(0, TokenCount);

    /// <summary>Number of packed tokens.</summary>
    public int TokenCount { get; private set; }

    /// <summary>Number of packed sequences.</summary>
    public int SequenceCount { get; private set; }

    /// <summary>Number of rows whose next token counts.</summary>
    public int TargetCount { get; private set; }

    /// <summary>Rows whose next token counts, ascending.</summary>
    public ReadOnlySpan<int> TargetRows => _targetRows.AsSpan(0, TargetCount);

    /// <summary>The next token of each target row.</summary>
    public ReadOnlySpan<int> TargetIds => _targetIds.AsSpan(0, TargetCount);

    /// <summary>First row of a sequence; <see cref="SequenceCount"/> gives the end of the last.</summary>
    public int Start(int sequence) => _starts[sequence];

    /// <summary>Tokens of a sequence.</summary>
    public int Length(int sequence) => _starts[sequence + 1] - _starts[sequence];

    /// <summary>Empties the micro-batch.</summary>
    public void Clear() => TokenCount = SequenceCount = TargetCount = 0;

    /// <summary>
    /// Packs a sequence if it fits. The last token has no row: nothing follows it, so it is only a target.
    /// </summary>
    public bool TryAdd(TrainingSequence sequence)
    {
        var rows = Rows(sequence);
        if (rows > Capacity - TokenCount) return false;
        for (var i = 0; i < rows; i++)
        {
            _tokens[TokenCount + i] = sequence.Tokens[i];
            if (!sequence.Targets[i + 1]) continue;
            _targetRows[TargetCount] = TokenCount + i;
            _targetIds[TargetCount++] = sequence.Tokens[i + 1];
        }

        _starts[SequenceCount++] = TokenCount;
        TokenCount += rows;
        _starts[SequenceCount] = TokenCount;
        return true;
    }

    /// <summary>Rows that a sequence takes: up to the token before its last target.</summary>
    public static int Rows(TrainingSequence sequence)
    {
        var last = sequence.Length - 1;
        while (!sequence.Targets[last]) last--;
        return last;
    }
}

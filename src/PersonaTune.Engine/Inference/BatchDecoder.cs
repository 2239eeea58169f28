using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Models;

namespace PersonaTune.Engine.Inference;

/// <summary>
/// Decodes several sessions together: each weight of the base is read once for all of them, while every session keeps its own tokens,
/// cache and adapters. Buffers grow to the largest batch and are then reused. Not thread-safe.
/// </summary>
public sealed class BatchDecoder
{
    private readonly ForwardPass _pass;
    private SequenceRows[] _rows = [];
    private int[] _ones = [];
    private float[] _logits = [];

    /// <summary>Creates a decoder for sessions of one model.</summary>
    public BatchDecoder(DecoderModel model, WorkerPool pool, ActivationPrecision activations = ActivationPrecision.Fast)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(pool);
        Model = model;
        _pass = new ForwardPass(model.Config);
        _pass.Attach(model, pool, activations);
    }

    /// <summary>The base model.</summary>
    public DecoderModel Model { get; }

    /// <summary>Sessions of the last batch.</summary>
    public int Count { get; private set; }

    /// <summary>Appends ids[i] to sessions[i], for all i at once; <see cref="Logits"/> then has the result.</summary>
    /// <exception cref="ArgumentException">The lengths differ, a session occurs twice or runs on another model, or an id is unknown; nothing changed.</exception>
    /// <exception cref="ContextLimitException">A session is full; nothing changed.</exception>
    public void Decode(ReadOnlySpan<DecoderSession> sessions, ReadOnlySpan<int> ids)
    {
        if (_ones.Length < sessions.Length)
        {
            _ones = new int[sessions.Length];
            Array.Fill(_ones, 1);
        }

        Append(sessions, ids, _ones.AsSpan(0, sessions.Length));
    }

    /// <summary>
    /// Appends counts[i] tokens to sessions[i], for all i at once; <paramref name="ids"/> holds the tokens of the first session, then of
    /// the second, and so on. <see cref="Logits"/> then has the logits after each session's last token.
    /// </summary>
    /// <exception cref="ArgumentException">The lengths differ, a session occurs twice or runs on another model, or an id is unknown; nothing changed.</exception>
    /// <exception cref="ContextLimitException">The tokens do not fit a session; nothing changed.</exception>
    public void Append(ReadOnlySpan<DecoderSession> sessions, ReadOnlySpan<int> ids, ReadOnlySpan<int> counts)
    {
        Check(sessions, ids, counts);
        var entered = 0;
        try
        {
            for (; entered < sessions.Length; entered++) sessions[entered].Enter();
            Run(sessions, ids, counts);
        }
        finally
        {
            while (entered > 0) sessions[--entered].Exit();
        }
    }

    /// <summary>Logits (vocabulary) after the last token of the i-th session; valid until the next batch.</summary>
    public ReadOnlySpan<float> Logits(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        return _logits.AsSpan(index * Model.Config.VocabularySize, Model.Config.VocabularySize);
    }

    private void Run(ReadOnlySpan<DecoderSession> sessions, ReadOnlySpan<int> ids, ReadOnlySpan<int> counts)
    {
        if (_rows.Length < sessions.Length) _rows = new SequenceRows[sessions.Length];
        var first = 0;
        for (var i = 0; i < sessions.Length; i++)
        {
            _rows[i] = new SequenceRows(sessions[i].Cache, sessions[i].Adapters, first, counts[i]);
            first += counts[i];
        }

        var needed = checked(sessions.Length * Model.Config.VocabularySize);
        if (_logits.Length < needed) _logits = new float[needed];
        var rows = _rows.AsSpan(0, sessions.Length);
        _pass.Blocks(ids, rows);
        _pass.LastHeads(rows, _logits.AsSpan(0, needed));
        for (var i = 0; i < sessions.Length; i++) sessions[i].Append(ids.Slice(_rows[i].First, counts[i]));
        Array.Clear(_rows); // caches must not outlive their sessions because of us
        Count = sessions.Length;
    }

    private void Check(ReadOnlySpan<DecoderSession> sessions, ReadOnlySpan<int> ids, ReadOnlySpan<int> counts)
    {
        if (sessions.IsEmpty) throw new ArgumentException("a batch needs at least one session", nameof(sessions));
        if (counts.Length != sessions.Length) throw new ArgumentException($"expected a count for each of {sessions.Length} sessions, found {counts.Length}", nameof(counts));
        var first = 0;
        for (var i = 0; i < sessions.Length; i++)
        {
            if (!ReferenceEquals(sessions[i].Model, Model)) throw new ArgumentException($"session {i} runs on another model than this decoder", nameof(sessions));
            if (sessions[..i].Contains(sessions[i])) throw new ArgumentException($"session {i} occurs twice in the batch", nameof(sessions));
            if (counts[i] < 1 || counts[i] > ids.Length - first)
                throw new ArgumentException($"session {i} appends {counts[i]} tokens where {ids.Length - first} are left; each appends at least one", nameof(counts));
            sessions[i].Check(ids.Slice(first, counts[i]));
            first += counts[i];
        }

        if (first != ids.Length) throw new ArgumentException($"the counts add up to {first} tokens, found {ids.Length}", nameof(ids));
    }
}

using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Inference;

/// <summary>
/// The decoder without gradients: new tokens of any number of sequences go through the blocks together, so that every weight is read
/// once for all of them; attention and LoRA run for each sequence with its own cache and adapters. Buffers are kept between calls and
/// grow only with the number of rows. Not thread-safe.
/// </summary>
internal sealed class ForwardPass
{
    private readonly DecoderConfig _config;
    private DecoderModel _model = null!;
    private WorkerPool _pool = null!;
    private ActivationPrecision _precision;
    private readonly QuantizedActivations _rounded = new();
    private int _rows;
    private RopeTable? _rope;
    private float[] _x = [];
    private float[] _norm = [];
    private float[] _query = [];
    private float[] _key = [];
    private float[] _value = [];
    private float[] _attention = [];
    private float[] _gate = [];
    private float[] _up = [];
    private float[] _lowRank = [];
    private float[] _logits = [];

    /// <summary>Creates a pass for models of one shape; <see cref="Attach"/> comes before anything else.</summary>
    public ForwardPass(DecoderConfig config) => _config = config;

    /// <summary>Room for the logits (vocabulary) of one row, for the user of the pass.</summary>
    public float[] Logits => _logits.Length > 0 ? _logits : _logits = new float[_config.VocabularySize];

    /// <summary>Bytes of the working buffers.</summary>
    public long MemoryBytes =>
        4L * (_x.Length + _norm.Length + _query.Length + _key.Length + _value.Length + _attention.Length + _gate.Length + _up.Length + _lowRank.Length + _logits.Length);

    /// <summary>Sets what the pass runs.</summary>
    public void Attach(DecoderModel model, WorkerPool pool, ActivationPrecision precision) => (_model, _pool, _precision) = (model, pool, precision);

    /// <summary>Forgets it, so that buffers that wait for their next use keep nothing else alive.</summary>
    public void Detach() => (_model, _pool, _rope) = (null!, null!, null);

    /// <summary>
    /// Runs the blocks over ids (rows), appends their keys and values to the caches and keeps the final states for <see cref="Head"/>.
    /// The rows of <paramref name="sequences"/> follow each other and cover all ids.
    /// </summary>
    public void Blocks(ReadOnlySpan<int> ids, ReadOnlySpan<SequenceRows> sequences)
    {
        var rows = ids.Length;
        Prepare(rows, sequences);
        var (dim, queries, pairs, wide) = (_config.EmbeddingLength, _config.QueryLength, _config.KeyValueLength, _config.FeedForwardLength);
        Span<float> x = _x.AsSpan(0, rows * dim), norm = _norm.AsSpan(0, rows * dim);
        Span<float> q = _query.AsSpan(0, rows * queries), k = _key.AsSpan(0, rows * pairs), v = _value.AsSpan(0, rows * pairs);
        Span<float> attention = _attention.AsSpan(0, rows * queries), gate = _gate.AsSpan(0, rows * wide), up = _up.AsSpan(0, rows * wide);
        EmbeddingRows.Gather(_model.TokenEmbedding, ids, x);
        for (var block = 0; block < _config.BlockCount; block++)
        {
            var w = _model.Blocks[block];
            RmsNorm.Forward(x, w.AttentionNorm, norm, rows, _config.NormEpsilon);
            Round(norm, rows, w.Query, w.Key, w.Value);
            Product(norm, w.Query, q, rows);
            Product(norm, w.Key, k, rows);
            Product(norm, w.Value, v, rows);
            Gain(block, LoraTarget.Query, sequences, q);
            Gain(block, LoraTarget.Key, sequences, k);
            Gain(block, LoraTarget.Value, sequences, v);
            LowRankUpdate(block, LoraInput.Attention, sequences, norm, q, k, v);
            foreach (var sequence in sequences) Attend(block, sequence, q, k, v, attention);

            Round(attention, rows, w.Output);
            AddProduct(block, LoraTarget.Output, sequences, attention, w.Output, x, norm, rows);
            LowRankUpdate(block, LoraInput.AttentionOutput, sequences, attention, x, default);
            RmsNorm.Forward(x, w.FeedForwardNorm, norm, rows, _config.NormEpsilon);
            Round(norm, rows, w.Gate, w.Up);
            Product(norm, w.Gate, gate, rows);
            Product(norm, w.Up, up, rows);
            Gain(block, LoraTarget.Gate, sequences, gate);
            Gain(block, LoraTarget.Up, sequences, up);
            LowRankUpdate(block, LoraInput.FeedForward, sequences, norm, gate, up);
            Activate(gate, up);
            Round(gate, rows, w.Down);
            AddProduct(block, LoraTarget.Down, sequences, gate, w.Down, x, norm, rows);
            LowRankUpdate(block, LoraInput.FeedForwardOutput, sequences, gate, x, default);
        }

        foreach (var sequence in sequences) sequence.Cache.Advance(sequence.Count);
    }

    /// <summary>
    /// Logits (count, vocabulary) of rows [first, first + count) of the last <see cref="Blocks"/>, which ran <paramref name="sequences"/>.
    /// </summary>
    public void Head(int first, int count, ReadOnlySpan<SequenceRows> sequences, Span<float> logits)
    {
        var dim = _config.EmbeddingLength;
        var norm = _norm.AsSpan(0, count * dim);
        RmsNorm.Forward(_x.AsSpan(first * dim, count * dim), _model.OutputNorm, norm, count, _config.NormEpsilon);
        Round(norm, count, _model.Head);
        Product(norm, _model.Head, logits, count);
        foreach (var sequence in sequences)
        {
            if (sequence.Adapters.Group(0, LoraInput.Head) is not { } group) continue;
            var start = Math.Max(sequence.First, first);
            var end = Math.Min(sequence.First + sequence.Count, first + count);
            if (start < end) Gain(sequence.Adapters.Gain(0, LoraTarget.Head), logits, start - first, end - start);
            if (start < end) LowRankUpdate(group, sequence with { First = start - first, Count = end - start }, norm, logits, default, default);
        }
    }

    /// <summary>Logits (sequences, vocabulary) of each sequence's last row.</summary>
    public void LastHeads(ReadOnlySpan<SequenceRows> sequences, Span<float> logits)
    {
        var (dim, count) = (_config.EmbeddingLength, sequences.Length);
        var norm = _norm.AsSpan(0, count * dim);
        for (var i = 0; i < count; i++) _x.AsSpan((sequences[i].First + sequences[i].Count - 1) * dim, dim).CopyTo(norm.Slice(i * dim, dim));
        RmsNorm.Forward(norm, _model.OutputNorm, norm, count, _config.NormEpsilon);
        Round(norm, count, _model.Head);
        Product(norm, _model.Head, logits, count);
        for (var i = 0; i < count; i++)
            if (sequences[i].Adapters.Group(0, LoraInput.Head) is { } group)
            {
                Gain(sequences[i].Adapters.Gain(0, LoraTarget.Head), logits, i, 1);
                LowRankUpdate(group, sequences[i] with { First = i, Count = 1 }, norm, logits, default, default);
            }
    }

    private void Attend(int block, in SequenceRows sequence, Span<float> q, Span<float> k, Span<float> v, Span<float> attention)
    {
        var (cache, rows) = (sequence.Cache, sequence.Count);
        var (queries, pairs) = (_config.QueryLength, _config.KeyValueLength);
        var query = q.Slice(sequence.First * queries, rows * queries);
        var key = k.Slice(sequence.First * pairs, rows * pairs);
        Rope.Forward(query, rows, _config.HeadCount, _config.HeadLength, cache.Length, _rope!);
        Rope.Forward(key, rows, _config.KeyValueHeadCount, _config.HeadLength, cache.Length, _rope!);
        var view = cache.View(block);
        CachedAttention.Store(view, cache.Length, key, v.Slice(sequence.First * pairs, rows * pairs), rows);
        CachedAttention.Forward(_pool, query, attention.Slice(sequence.First * queries, rows * queries), rows, _config.HeadCount, view, cache.Length);
        GC.KeepAlive(cache);
    }

    /// <summary>Rounds an input once for all the matrices that read it.</summary>
    private void Round(ReadOnlySpan<float> x, int rows, params ReadOnlySpan<WeightMatrix> readers)
    {
        if (_precision != ActivationPrecision.Fast) return;
        foreach (var w in readers)
        {
            if (!MatMul.UsesInt8(w.Type)) continue;
            _rounded.Quantize(_pool, x, rows, w.Columns);
            return;
        }
    }

    /// <summary>y (rows, N) = x Wᵀ, or +=; on the fast path <see cref="Round"/> has seen x.</summary>
    private void Product(ReadOnlySpan<float> x, in WeightMatrix w, Span<float> y, int rows, bool accumulate = false)
    {
        if (_precision == ActivationPrecision.Fast && MatMul.UsesInt8(w.Type)) MatMul.ForwardInt8(_pool, x, _rounded, w, y, accumulate);
        else if (rows == 1) MatMul.VectorF32(_pool, x, w, y, accumulate);
        else MatMul.Forward(_pool, x, w, y, rows, accumulate);
    }

    /// <summary>gate = silu(gate) up, shared out where there is enough to do.</summary>
    private unsafe void Activate(Span<float> gate, Span<float> up)
    {
        const int piece = 16 * 1024;
        if (gate.Length < 2 * piece)
        {
            SwiGlu.Forward(gate, up, gate);
            return;
        }

        fixed (float* g = gate, u = up)
        {
            _pool.Run((Gate: (nint)g, Up: (nint)u, gate.Length), gate.Length / piece, static (job, part, parts) =>
            {
                var start = (int)((long)job.Length * part / parts);
                var length = (int)((long)job.Length * (part + 1) / parts) - start;
                var values = new Span<float>((float*)job.Gate + start, length);
                SwiGlu.Forward(values, new Span<float>((float*)job.Up + start, length), values);
            });
        }
    }

    // Rows of a layer's output times the factors of their sequence's adapters (DoRA); nothing where there are none.
    private static void Gain(int block, LoraTarget target, ReadOnlySpan<SequenceRows> sequences, Span<float> y)
    {
        foreach (var sequence in sequences) Gain(sequence.Adapters.Gain(block, target), y, sequence.First, sequence.Count);
    }

    private static void Gain(float[]? gain, Span<float> y, int first, int count)
    {
        if (gain is null) return;
        for (var row = first; row < first + count; row++)
        {
            var values = y.Slice(row * gain.Length, gain.Length);
            for (var i = 0; i < values.Length; i++) values[i] *= gain[i];
        }
    }

    // x += W input; where a factor applies, the product stands alone in the scratch before it is added.
    private void AddProduct(int block, LoraTarget target, ReadOnlySpan<SequenceRows> sequences, ReadOnlySpan<float> input, in WeightMatrix w, Span<float> x, Span<float> scratch, int rows)
    {
        var alone = false;
        foreach (var sequence in sequences) alone |= sequence.Adapters.Gain(block, target) is not null;
        if (!alone)
        {
            Product(input, w, x, rows, accumulate: true);
            return;
        }

        Product(input, w, scratch, rows);
        Gain(block, target, sequences, scratch);
        Elementwise.Add(scratch[..(rows * w.Rows)], x[..(rows * w.Rows)]);
    }

    private void LowRankUpdate(int block, LoraInput input, ReadOnlySpan<SequenceRows> sequences, ReadOnlySpan<float> x, Span<float> first,
        Span<float> second, Span<float> third = default)
    {
        for (var i = 0; i < sequences.Length;)
        {
            // Neighbours with the same adapters are one run of rows, which reads the factors once.
            var run = sequences[i++];
            for (; i < sequences.Length && ReferenceEquals(sequences[i].Adapters, run.Adapters); i++)
                run = run with { Count = run.Count + sequences[i].Count };
            if (run.Adapters.Group(block, input) is { } group) LowRankUpdate(group, run, x, first, second, third);
        }
    }

    private void LowRankUpdate(LoraGroup group, in SequenceRows sequence, ReadOnlySpan<float> x, Span<float> first, Span<float> second, Span<float> third) =>
        group.Apply(_pool, x, _lowRank, sequence.First, sequence.Count, first, second, third);

    private void Prepare(int rows, ReadOnlySpan<SequenceRows> sequences)
    {
        var (positions, lowRank) = (0, 0);
        foreach (var sequence in sequences)
        {
            sequence.Cache.Prepare(sequence.Count);
            positions = Math.Max(positions, sequence.Cache.Length + sequence.Count);
            lowRank = Math.Max(lowRank, rows * sequence.Adapters.MaxRank);
        }

        if (_rope is null || _rope.Positions < positions) _rope = RopeTableCache.For(_model, positions);
        if (_lowRank.Length < lowRank) _lowRank = new float[lowRank];
        if (rows <= _rows) return;
        _rows = rows;
        _x = new float[checked(rows * _config.EmbeddingLength)];
        _norm = new float[_x.Length];
        _query = new float[checked(rows * _config.QueryLength)];
        _attention = new float[_query.Length];
        _key = new float[checked(rows * _config.KeyValueLength)];
        _value = new float[_key.Length];
        _gate = new float[checked(rows * _config.FeedForwardLength)];
        _up = new float[_gate.Length];
    }
}

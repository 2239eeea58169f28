using PersonaTune.Engine.Kernels;

namespace PersonaTune.Engine.Layers;

/// <summary>
/// y += s B (A x) and its gradients, with rows as tokens: h = x A^T, y += s h B^T; u = s dy B, dB^T += s h^T dy, dA += u^T x, dx += u A.
/// Products over rows are split by rows and those over columns by columns, so that sums do not depend on the number of threads. With
/// dropout, A sees the masked x, which is made again from its key where needed.
/// </summary>
internal sealed unsafe class LoraLayer
{
    private const int ColumnGrain = 96;
    private readonly WorkerPool _pool;
    private readonly float* _factor;
    private readonly float* _u;
    private readonly float* _masked;
    private readonly float _dropout;

    // The operation in progress, for the static section bodies.
    private AdapterEntry _entry = null!;
    private float* _x;
    private float* _y;
    private float* _h;
    private int _tokens;

    /// <summary>Takes scratch for up to <paramref name="tokens"/> rows; <paramref name="inputs"/> is the widest input of an adapted layer.</summary>
    public LoraLayer(WorkerPool pool, Arena arena, AdapterParameters adapter, int tokens, int inputs)
    {
        _pool = pool;
        _dropout = adapter.Config.Dropout;
        _factor = arena.Take(adapter.MaxFactor);
        _u = arena.Take((long)tokens * adapter.MaxPaddedRank);
        _masked = _dropout > 0 && adapter.Count > 0 ? arena.Take((long)tokens * inputs) : null;
    }

    /// <summary>Whether dropout is applied; off for evaluations.</summary>
    public bool DropoutEnabled { get; set; }

    private bool Drops => DropoutEnabled && _dropout > 0;

    /// <summary>y (tokens, outputs) += the pair's contribution; h (tokens, padded rank) is kept for the backward pass.</summary>
    public void Forward(AdapterEntry entry, float* x, float* y, float* h, int tokens)
    {
        Set(entry, x, y, h, tokens);
        TransposeA(entry);
        _pool.Run(this, _pool.Threads, static (layer, part, parts) => layer.ForwardRows(part, parts));
    }

    /// <summary>h = x A^T alone.</summary>
    public void Project(AdapterEntry entry, float* x, float* h, int tokens)
    {
        Set(entry, x, null, h, tokens);
        TransposeA(entry);
        _pool.Run(this, _pool.Threads, static (layer, part, parts) => layer.ForwardRows(part, parts));
    }

    /// <summary>Adds the gradients of A and B for dy (tokens, outputs) and keeps u for <see cref="InputGradient"/>.</summary>
    public void ParameterGradients(AdapterEntry entry, float* x, float* dy, float* h, int tokens)
    {
        Up(entry, x, dy, h, tokens);
        _pool.Run(this, _pool.Threads, static (layer, part, parts) => layer.Columns(part, parts));
    }

    /// <summary>dx (tokens, inputs) += s (dy B) A for dy (tokens, outputs), of a pair that is not trained.</summary>
    public void FrozenInputGradient(AdapterEntry entry, float* dy, float* dx, int tokens)
    {
        Up(entry, null, dy, null, tokens);
        InputGradient(entry, dx, tokens);
    }

    /// <summary>dx (tokens, inputs) += u A, after <see cref="ParameterGradients"/> of the same entry.</summary>
    public void InputGradient(AdapterEntry entry, float* dx, int tokens)
    {
        Set(entry, dx, null, null, tokens);
        _pool.Run(this, _pool.Threads, static (layer, part, parts) => layer.InputRows(part, parts));
    }

    /// <summary>Given u (tokens, padded rank) and B's gradient made elsewhere: dA += u^T x, and dx += u A unless dx is null.</summary>
    public void FinishHead(AdapterEntry entry, float* x, float* dx, float* u, int tokens)
    {
        new ReadOnlySpan<float>(u, tokens * entry.PaddedRank).CopyTo(new Span<float>(_u, tokens * entry.PaddedRank));
        if (entry.GradientA is not null)
        {
            Set(entry, x, null, null, tokens);
            if (Drops) Mask(x, 0, tokens);
            _pool.Run(this, _pool.Threads, static (layer, part, parts) => layer.Columns(part, parts));
        }

        if (dx is not null) InputGradient(entry, dx, tokens);
    }

    private void Set(AdapterEntry entry, float* x, float* y, float* h, int tokens)
    {
        _entry = entry;
        _x = x;
        _y = y;
        _h = h;
        _tokens = tokens;
    }

    private static (int First, int Count) Share(int part, int parts, int total, int grain)
    {
        var units = (total + grain - 1) / grain;
        var first = Math.Min(total, (int)((long)units * part / parts) * grain);
        return (first, Math.Min(total, (int)((long)units * (part + 1) / parts) * grain) - first);
    }

    // u = s dy B
    private void Up(AdapterEntry entry, float* x, float* dy, float* h, int tokens)
    {
        Set(entry, x, dy, h, tokens);
        var padded = entry.PaddedRank;
        for (var n = 0; n < entry.Outputs; n++)
        {
            for (var r = 0; r < entry.Rank; r++) _factor[(long)n * padded + r] = entry.TransposedB[(long)r * entry.Outputs + n];
            for (var r = entry.Rank; r < padded; r++) _factor[(long)n * padded + r] = 0f;
        }

        _pool.Run(this, _pool.Threads, static (layer, part, parts) => layer.UpRows(part, parts));
    }

    private void TransposeA(AdapterEntry entry)
    {
        var padded = entry.PaddedRank;
        for (var k = 0; k < entry.Inputs; k++)
        {
            for (var r = 0; r < entry.Rank; r++) _factor[(long)k * padded + r] = entry.A[(long)r * entry.Inputs + k];
            for (var r = entry.Rank; r < padded; r++) _factor[(long)k * padded + r] = 0f;
        }
    }

    private void ForwardRows(int part, int parts)
    {
        var entry = _entry;
        var (first, count) = Share(part, parts, _tokens, 8);
        if (count == 0) return;
        var x = _x + (long)first * entry.Inputs;
        if (Drops) x = Mask(x, first, count);
        var h = _h + (long)first * entry.PaddedRank;
        StridedGemm.Multiply(x, entry.Inputs, 1, _factor, entry.PaddedRank, h, entry.PaddedRank, count, entry.PaddedRank, entry.Inputs, 1f, false);
        if (_y is null) return;
        StridedGemm.Multiply(h, entry.PaddedRank, 1, entry.TransposedB, entry.Outputs, _y + (long)first * entry.Outputs, entry.Outputs,
            count, entry.Outputs, entry.Rank, entry.Scale, true);
    }

    private void UpRows(int part, int parts)
    {
        var entry = _entry;
        var (first, count) = Share(part, parts, _tokens, 8);
        if (count == 0) return;
        StridedGemm.Multiply(_y + (long)first * entry.Outputs, entry.Outputs, 1, _factor, entry.PaddedRank, _u + (long)first * entry.PaddedRank,
            entry.PaddedRank, count, entry.PaddedRank, entry.Outputs, entry.Scale, false);
        if (Drops && entry.GradientA is not null) Mask(_x + (long)first * entry.Inputs, first, count);
    }

    private void Columns(int part, int parts)
    {
        var entry = _entry;
        var (first, count) = Share(part, parts, entry.Outputs, ColumnGrain);
        if (count > 0 && _y is not null)
            StridedGemm.Multiply(_h, 1, entry.PaddedRank, _y + first, entry.Outputs, entry.GradientB + first, entry.Outputs,
                entry.Rank, count, _tokens, entry.Scale, true);
        if (entry.GradientA is null) return;
        (first, count) = Share(part, parts, entry.Inputs, ColumnGrain);
        if (count > 0)
            StridedGemm.Multiply(_u, 1, entry.PaddedRank, (Drops ? _masked : _x) + first, entry.Inputs, entry.GradientA + first, entry.Inputs,
                entry.Rank, count, _tokens, 1f, true);
    }

    private void InputRows(int part, int parts)
    {
        var entry = _entry;
        var (first, count) = Share(part, parts, _tokens, 8);
        if (count == 0) return;
        var u = _u + (long)first * entry.PaddedRank;
        var dx = _x + (long)first * entry.Inputs;
        if (!Drops)
        {
            StridedGemm.Multiply(u, entry.PaddedRank, 1, entry.A, entry.Inputs, dx, entry.Inputs, count, entry.Inputs, entry.Rank, 1f, true);
            return;
        }

        var through = _masked + (long)first * entry.Inputs;
        StridedGemm.Multiply(u, entry.PaddedRank, 1, entry.A, entry.Inputs, through, entry.Inputs, count, entry.Inputs, entry.Rank, 1f, false);
        var values = count * entry.Inputs;
        Dropout.Backward(new ReadOnlySpan<float>(through, values), new Span<float>(dx, values), _dropout, entry.DropoutKey, (uint)(first * entry.Inputs));
    }

    private float* Mask(float* x, int first, int count)
    {
        var target = _masked + (long)first * _entry.Inputs;
        var values = count * _entry.Inputs;
        Dropout.Forward(new ReadOnlySpan<float>(x, values), new Span<float>(target, values), _dropout, _entry.DropoutKey, (uint)(first * _entry.Inputs));
        return target;
    }
}

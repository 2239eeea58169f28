using PersonaTune.Engine.Kernels;

namespace PersonaTune.Engine.Layers;

/// <summary>A pair on the vocabulary head with its buffers, used a chunk of the vocabulary at a time. A pair without gradients is frozen.</summary>
internal sealed unsafe class HeadPair
{
    private readonly AdapterEntry _entry;
    private readonly LoraLayer _lora;
    private readonly float* _low;    // (targets, padded rank): A x
    private readonly float* _u;      // (targets, padded rank): s dy B
    private readonly float* _factor; // (chunk, padded rank)

    /// <summary>Takes the buffers for up to <paramref name="tokens"/> target rows and <paramref name="chunk"/> rows of the vocabulary.</summary>
    public HeadPair(AdapterEntry entry, LoraLayer lora, int tokens, int chunk, Arena arena)
    {
        (_entry, _lora) = (entry, lora);
        _low = arena.Take((long)tokens * entry.PaddedRank);
        _u = arena.Take((long)tokens * entry.PaddedRank);
        _factor = arena.Take((long)chunk * entry.PaddedRank);
    }

    /// <summary>Before the first chunk: A x of the packed target rows.</summary>
    public void Project(float* hidden, int rows) => _lora.Project(_entry, hidden, _low, rows);

    /// <summary>logits (rows, chunkRows) += the pair's part.</summary>
    public void AddLogits(float* logits, int rows, int chunkFirst, int chunkRows) =>
        StridedGemm.Multiply(_low, _entry.PaddedRank, 1, _entry.TransposedB + chunkFirst, _entry.Outputs, logits, chunkRows,
            rows, chunkRows, _entry.Rank, _entry.Scale, true);

    /// <summary>Before the first chunk of the backward sweep.</summary>
    public void BeginGradients(int rows) => new Span<float>(_u, rows * _entry.PaddedRank).Clear();

    /// <summary>Adds what the slopes (rows, chunkRows) of a chunk give: to u, and to the gradient of B unless frozen.</summary>
    public void AddGradients(float* slopes, int rows, int chunkFirst, int chunkRows)
    {
        var (rank, padded, outputs) = (_entry.Rank, _entry.PaddedRank, _entry.Outputs);
        for (var n = 0; n < chunkRows; n++)
        {
            for (var r = 0; r < rank; r++) _factor[(long)n * padded + r] = _entry.TransposedB[(long)r * outputs + chunkFirst + n];
            for (var r = rank; r < padded; r++) _factor[(long)n * padded + r] = 0f;
        }

        StridedGemm.Multiply(slopes, chunkRows, 1, _factor, padded, _u, padded, rows, padded, chunkRows, _entry.Scale, true);
        if (_entry.GradientB is null) return;
        StridedGemm.Multiply(_low, 1, padded, slopes, chunkRows, _entry.GradientB + chunkFirst, outputs, rank, chunkRows, rows, _entry.Scale, true);
    }

    /// <summary>After the last chunk: the gradient of A unless frozen, and dx += u A unless <paramref name="dx"/> is null.</summary>
    public void FinishGradients(float* hidden, float* dx, int rows) => _lora.FinishHead(_entry, hidden, dx, _u, rows);
}

using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;

namespace PersonaTune.Engine.Inference;

/// <summary>
/// The LoRA factors of all layers that share an input and of all adapters of a stack, laid out for decoding: one A (rank, inputs) whose
/// rows are ordered by target, and for each target its B, transposed into panels with all scales folded in.
/// </summary>
internal sealed class LoraGroup
{
    private readonly Part[] _parts;

    private LoraGroup(int rank, int inputs, float[] a, Part[] parts)
    {
        Rank = rank;
        Inputs = inputs;
        A = a;
        _parts = parts;
    }

    /// <summary>Rows of <see cref="A"/>: the ranks of all targets and adapters together.</summary>
    public int Rank { get; }

    public int Inputs { get; }

    /// <summary>(rank, inputs).</summary>
    public float[] A { get; }

    public ReadOnlySpan<Part> Parts => _parts;

    /// <summary>Collects the pairs of a block's input; null where there are none.</summary>
    public static LoraGroup? Create(IReadOnlyList<AdapterStackEntry> entries, int block, LoraInput input)
    {
        var parts = new List<Part>();
        var rows = new List<LoraPair>();
        var rank = 0;
        foreach (var target in Targets(input))
        {
            var pairs = entries.Where(e => e.Scale != 0f && e.Adapter[block, target] is not null)
                .Select(e => (Pair: e.Adapter[block, target]!, Scale: e.Scale * e.Adapter[block, target]!.Scale)).ToArray();
            if (pairs.Length == 0) continue;
            var (outputs, partRank) = (pairs[0].Pair.Outputs, pairs.Sum(p => p.Pair.Rank));
            if (rows.Concat(pairs.Select(p => p.Pair)).Any(p => p.Inputs != pairs[0].Pair.Inputs) || pairs.Any(p => p.Pair.Outputs != outputs))
                throw new ArgumentException($"adapters of one stack need the same base: {target} pairs of block {block} differ in shape", nameof(entries));
            var panels = new float[LowRank.PanelLength(outputs, partRank)];
            var first = 0;
            foreach (var (pair, scale) in pairs)
            {
                LowRank.Pack(pair.B, outputs, pair.Rank, scale, panels, partRank, first);
                first += pair.Rank;
            }

            parts.Add(new Part(target, rank, partRank, outputs, panels));
            rows.AddRange(pairs.Select(p => p.Pair));
            rank += partRank;
        }

        return rank == 0 ? null : new LoraGroup(rank, rows[0].Inputs, [.. rows.SelectMany(p => p.A)], [.. parts]);
    }

    private static ReadOnlySpan<LoraTarget> Targets(LoraInput input) => input switch
    {
        LoraInput.Attention => [LoraTarget.Query, LoraTarget.Key, LoraTarget.Value],
        LoraInput.AttentionOutput => [LoraTarget.Output],
        LoraInput.FeedForward => [LoraTarget.Gate, LoraTarget.Up],
        LoraInput.FeedForwardOutput => [LoraTarget.Down],
        _ => [LoraTarget.Head],
    };

    /// <summary>A target's rows [First, First + Rank) of the shared product, and its B in panels.</summary>
    public sealed record Part(LoraTarget Target, int First, int Rank, int Outputs, float[] Panels);
}

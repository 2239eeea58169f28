using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;

namespace PersonaTune.Engine.Inference;

/// <summary>
/// The LoRA factors of all layers that share an input and of all adapters of a stack, laid out for decoding: one A (rank, inputs) whose
/// rows are ordered by target, and for each target its B, transposed into panels with all scales folded in.
/// </summary>
internal sealed unsafe class LoraGroup
{
    private const int RowsPerPart = 16;
    private readonly Part[] _parts;
    private readonly int _rank;
    private readonly float[] _factor;

    private LoraGroup(int rank, int inputs, float[] factor, Part[] parts)
    {
        _rank = rank;
        Rank = LowRank.PaddedRank(rank);
        Inputs = inputs;
        _factor = factor;
        _parts = parts;
    }

    /// <summary>The ranks of all targets and adapters together, padded: values that the product with A gives for a token.</summary>
    public int Rank { get; }

    public int Inputs { get; }

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
                LowRank.PackPanels(pair.B, outputs, pair.Rank, scale, panels, partRank, first);
                first += pair.Rank;
            }

            parts.Add(new Part(target, rank, partRank, outputs, panels));
            rows.AddRange(pairs.Select(p => p.Pair));
            rank += partRank;
        }

        if (rank == 0) return null;
        var inputs = rows[0].Inputs;
        var factor = new float[LowRank.FactorLength(inputs, rank)];
        var row = 0;
        foreach (var pair in rows)
        {
            LowRank.PackFactor(pair.A, inputs, pair.Rank, factor, row);
            row += pair.Rank;
        }

        return new LoraGroup(rank, inputs, factor, [.. parts]);
    }

    /// <summary>
    /// Adds the updates for rows [start, start + rows) of x (all rows, inputs) to the same rows of the targets' outputs, which come in the
    /// order of <see cref="LoraTarget"/>; <paramref name="u"/> is scratch of rows * <see cref="Rank"/>. Few rows run on the calling thread:
    /// waking another takes longer.
    /// </summary>
    public void Apply(WorkerPool pool, ReadOnlySpan<float> x, Span<float> u, int start, int rows, Span<float> first, Span<float> second, Span<float> third)
    {
        var end = start + rows;
        if (x.Length < end * Inputs || u.Length < rows * Rank) throw new ArgumentException($"{end} rows of {Inputs} need more values than {x.Length}", nameof(x));
        foreach (var part in _parts)
        {
            var length = Output(part.Target) switch { 0 => first.Length, 1 => second.Length, _ => third.Length };
            if (length < end * part.Outputs) throw new ArgumentException($"{end} rows of {part.Target} need more values than {length}", nameof(first));
        }

        fixed (float* input = x, scratch = u, y0 = first, y1 = second, y2 = third)
        {
            var job = new Job(this, input + (long)start * Inputs, scratch, y0, y1, y2, start, rows);
            if (rows < 2 * RowsPerPart) RunRows(job, 0, rows);
            else pool.Run(job, rows / RowsPerPart, static (job, part, parts) =>
            {
                var start = (int)((long)job.Rows * part / parts);
                RunRows(job, start, (int)((long)job.Rows * (part + 1) / parts) - start);
            });
        }
    }

    private static void RunRows(in Job job, int start, int rows)
    {
        var group = job.Group;
        var u = new Span<float>(job.Scratch + (long)start * group.Rank, rows * group.Rank);
        LowRank.Down(new ReadOnlySpan<float>(job.Input + (long)start * group.Inputs, rows * group.Inputs), group._factor, u, rows, group.Inputs, group._rank);
        foreach (var part in group._parts)
        {
            var y = Output(part.Target) switch { 0 => job.First, 1 => job.Second, _ => job.Third };
            y += (long)(job.Start + start) * part.Outputs;
            LowRank.Up(u, part.Panels, new Span<float>(y, rows * part.Outputs), rows, group.Rank, part.First, part.Rank, part.Outputs);
        }
    }

    /// <summary>Which of the outputs of its input a target is.</summary>
    private static int Output(LoraTarget target) => target switch
    {
        LoraTarget.Key or LoraTarget.Up => 1,
        LoraTarget.Value => 2,
        _ => 0,
    };

    private static ReadOnlySpan<LoraTarget> Targets(LoraInput input) => input switch
    {
        LoraInput.Attention => [LoraTarget.Query, LoraTarget.Key, LoraTarget.Value],
        LoraInput.AttentionOutput => [LoraTarget.Output],
        LoraInput.FeedForward => [LoraTarget.Gate, LoraTarget.Up],
        LoraInput.FeedForwardOutput => [LoraTarget.Down],
        _ => [LoraTarget.Head],
    };

    /// <summary>A target's rows [First, First + Rank) of the shared product, and its B in panels.</summary>
    private sealed record Part(LoraTarget Target, int First, int Rank, int Outputs, float[] Panels);

    private readonly struct Job(LoraGroup group, float* input, float* scratch, float* first, float* second, float* third, int start, int rows)
    {
        public readonly LoraGroup Group = group;
        public readonly float* Input = input;
        public readonly float* Scratch = scratch;
        public readonly float* First = first;
        public readonly float* Second = second;
        public readonly float* Third = third;
        public readonly int Start = start;
        public readonly int Rows = rows;
    }
}

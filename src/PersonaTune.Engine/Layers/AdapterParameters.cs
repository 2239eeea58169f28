using System.Numerics;
using PersonaTune.Engine.Lora;

namespace PersonaTune.Engine.Layers;

/// <summary>
/// The numbers of an adapter in training, in one row: first everything that is trained (A and transposed B of each pair, or B alone when A is
/// frozen), then frozen A matrices. Gradients and optimizer moments are rows of the same layout over the trained part.
/// </summary>
internal sealed unsafe class AdapterParameters
{
    private readonly AdapterEntry?[] _entries;

    /// <summary>Takes the buffers from <paramref name="arena"/> for the shapes of <paramref name="adapter"/>; without gradients for evaluation.</summary>
    public AdapterParameters(LoraAdapter adapter, Arena arena, bool training)
    {
        // The shapes alone: the adapter's arrays may be collected.
        (Config, BlockCount, BaseDigest) = (adapter.Config, adapter.BlockCount, adapter.BaseDigest);
        FreezeA = adapter.Config.FreezeA;
        _entries = new AdapterEntry?[adapter.BlockCount * (int)LoraTarget.Head + 1];
        long trained = 0, frozen = 0;
        foreach (var (block, target, pair) in adapter.Pairs())
        {
            if (pair.Magnitude is not null) throw new AdapterMismatchException("adapter", "has DoRA magnitudes, which this version runs but does not train; merge it into the model first, or train a LoRA adapter");
            var padded = (pair.Rank + Vector<float>.Count - 1) / Vector<float>.Count * Vector<float>.Count;
            _entries[Index(block, target)] = new AdapterEntry(block, target, pair.Rank, padded, pair.Inputs, pair.Outputs, pair.Scale);
            MaxPaddedRank = Math.Max(MaxPaddedRank, padded);
            MaxFactor = Math.Max(MaxFactor, (long)padded * Math.Max(pair.Inputs, pair.Outputs));
            if (FreezeA) frozen += pair.A.Length;
            else trained += pair.A.Length;
            trained += pair.B.Length;
            LowestBlock = target == LoraTarget.Head ? LowestBlock : Math.Min(LowestBlock, block);
        }

        (TrainedCount, Count) = (trained, trained + frozen);
        Values = arena.Take(Count);
        if (training) Gradients = arena.Take(TrainedCount);
        if (!arena.Measures) Assign(training);
    }

    public LoraConfig Config { get; }

    public int BlockCount { get; }

    public string BaseDigest { get; }

    public bool FreezeA { get; }

    /// <summary>First block with a pair; int.MaxValue where only the head or nothing is adapted.</summary>
    public int LowestBlock { get; } = int.MaxValue;

    public int MaxPaddedRank { get; }

    /// <summary>Floats of the largest padded factor.</summary>
    public long MaxFactor { get; }

    /// <summary>Trained numbers.</summary>
    public long TrainedCount { get; }

    /// <summary>All numbers.</summary>
    public long Count { get; }

    public float* Values { get; }

    public float* Gradients { get; }

    public Span<float> AllValues => new(Values, checked((int)Count));

    public Span<float> TrainedValues => new(Values, checked((int)TrainedCount));

    public Span<float> TrainedGradients => new(Gradients, checked((int)TrainedCount));

    /// <summary>The entry of a layer, or null.</summary>
    public AdapterEntry? this[int block, LoraTarget target] => _entries[Index(block, target)];

    /// <summary>Entries in file order.</summary>
    public ReadOnlySpan<AdapterEntry?> Entries => _entries;

    /// <summary>The widest padded rank of a target over all blocks; 0 where it is not adapted.</summary>
    public int WidestRank(LoraTarget target)
    {
        var widest = 0;
        foreach (var entry in _entries)
            if (entry?.Target == target) widest = Math.Max(widest, entry.PaddedRank);
        return widest;
    }

    /// <summary>Copies the numbers of an adapter of the same shapes in.</summary>
    public void Load(LoraAdapter adapter)
    {
        foreach (var entry in _entries)
        {
            if (entry is null) continue;
            var pair = adapter[entry.Block, entry.Target]!;
            pair.A.CopyTo(new Span<float>(entry.A, pair.A.Length));
            for (var r = 0; r < entry.Rank; r++)
                for (var n = 0; n < entry.Outputs; n++)
                    entry.TransposedB[(long)r * entry.Outputs + n] = pair.B[n * entry.Rank + r];
        }
    }

    /// <summary>Makes an adapter from numbers in this layout: <see cref="AllValues"/> or a copy of it.</summary>
    public LoraAdapter ToAdapter(ReadOnlySpan<float> values)
    {
        var adapter = new LoraAdapter(Config, BlockCount, BaseDigest);
        foreach (var entry in _entries)
        {
            if (entry is null) continue;
            var a = values.Slice((int)(entry.A - Values), entry.Rank * entry.Inputs).ToArray();
            adapter[entry.Block, entry.Target] = new LoraPair(entry.Rank, entry.Inputs, entry.Outputs, entry.Scale, a,
                Untranspose(values.Slice((int)(entry.TransposedB - Values), entry.Rank * entry.Outputs), entry));
        }

        return adapter;
    }

    /// <summary>The gradients as an adapter, for comparison with other engines; a frozen A has a gradient of zeros.</summary>
    public LoraAdapter GradientsAsAdapter()
    {
        var adapter = new LoraAdapter(Config, BlockCount, BaseDigest);
        foreach (var entry in _entries)
        {
            if (entry is null) continue;
            var a = entry.GradientA is null ? new float[entry.Rank * entry.Inputs] : new Span<float>(entry.GradientA, entry.Rank * entry.Inputs).ToArray();
            adapter[entry.Block, entry.Target] = new LoraPair(entry.Rank, entry.Inputs, entry.Outputs, entry.Scale, a,
                Untranspose(new ReadOnlySpan<float>(entry.GradientB, entry.Rank * entry.Outputs), entry));
        }

        return adapter;
    }

    private static float[] Untranspose(ReadOnlySpan<float> transposed, AdapterEntry entry)
    {
        var b = new float[entry.Outputs * entry.Rank];
        for (var n = 0; n < entry.Outputs; n++)
            for (var r = 0; r < entry.Rank; r++)
                b[n * entry.Rank + r] = transposed[r * entry.Outputs + n];
        return b;
    }

    private int Index(int block, LoraTarget target) => target == LoraTarget.Head ? _entries.Length - 1 : block * (int)LoraTarget.Head + (int)target;

    private void Assign(bool training)
    {
        long trained = 0, frozen = TrainedCount;
        foreach (var entry in _entries)
        {
            if (entry is null) continue;
            var (a, b) = ((long)entry.Rank * entry.Inputs, (long)entry.Rank * entry.Outputs);
            if (FreezeA)
            {
                entry.A = Values + frozen;
                frozen += a;
            }
            else
            {
                entry.A = Values + trained;
                if (training) entry.GradientA = Gradients + trained;
                trained += a;
            }

            entry.TransposedB = Values + trained;
            if (training) entry.GradientB = Gradients + trained;
            trained += b;
        }
    }
}

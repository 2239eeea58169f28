using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;

namespace PersonaTune.Engine.Inference;

/// <summary>
/// An immutable list of adapters that act together on one base: their updates add up, whatever their ranks and targets (for example a
/// global and a personal one). Creating a stack copies the factors into the layout that decoding reads, so that swapping one in costs
/// nothing; later changes to the adapters are not seen. Thread-safe.
/// </summary>
public sealed class AdapterStack
{
    private readonly int _blockCount;
    private readonly bool _hasMagnitudes;
    private readonly Lock _resolving = new();
    private LoraGroup?[] _groups = []; // (blocks, groups), then the head's
    private float[]?[]? _gains; // (blocks, targets), then the head's; null without DoRA
    private DecoderModel? _validatedFor;
    private string? _resolvedFor; // digest of the base that DoRA's factors were computed from

    /// <summary>Creates a stack.</summary>
    /// <exception cref="ArgumentException">A scale is not finite, or the adapters disagree on blocks or shapes.</exception>
    public AdapterStack(params ReadOnlySpan<AdapterStackEntry> entries)
    {
        Entries = entries.ToArray();
        _blockCount = Entries.Count == 0 ? 0 : Entries[0].Adapter.BlockCount;
        foreach (var (adapter, scale) in entries)
        {
            ArgumentNullException.ThrowIfNull(adapter, nameof(entries));
            if (!float.IsFinite(scale)) throw new ArgumentException($"an adapter's scale is a finite number, found {scale}", nameof(entries));
            if (adapter.BlockCount != _blockCount)
                throw new ArgumentException($"adapters of one stack need the same base: {_blockCount} and {adapter.BlockCount} blocks", nameof(entries));
        }

        // DoRA's factors depend on the base, so that such a stack is laid out when it first meets its model.
        _hasMagnitudes = Entries.Any(entry => entry.Scale != 0f && entry.Adapter.HasMagnitudes);
        if (_hasMagnitudes) MaxRank = 1;
        else Arrange(Entries);
    }

    /// <summary>The stack without adapters: the plain base.</summary>
    public static AdapterStack Empty { get; } = new();

    /// <summary>The adapters in order.</summary>
    public IReadOnlyList<AdapterStackEntry> Entries { get; }

    /// <summary>Whether the stack changes nothing.</summary>
    public bool IsEmpty => MaxRank == 0;

    /// <summary>Most rows that the factors of the layers sharing one input have together.</summary>
    internal int MaxRank { get; private set; }

    /// <summary>A stack of one adapter.</summary>
    public static AdapterStack Of(LoraAdapter adapter, float scale = 1f) => new(new AdapterStackEntry(adapter, scale));

    /// <summary>A new stack with one more adapter on top.</summary>
    public AdapterStack With(LoraAdapter adapter, float scale = 1f) => new([.. Entries, new AdapterStackEntry(adapter, scale)]);

    /// <summary>Checks that every adapter was made for this base and that every pair has the shape of its layer.</summary>
    /// <exception cref="AdapterMismatchException">It does not fit.</exception>
    public void Validate(DecoderModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (ReferenceEquals(Volatile.Read(ref _validatedFor), model)) return;
        for (var i = 0; i < Entries.Count; i++) LoraCompatibility.Demand(Entries[i].Adapter, model, $"{i + 1} of the stack");
        lock (_resolving)
        {
            if (_hasMagnitudes && _resolvedFor is null)
            {
                Resolve(model);
                _resolvedFor = model.Digest;
            }
            else if (_hasMagnitudes && _resolvedFor != model.Digest)
            {
                // Sequences may be running with the factors of the other base.
                throw new AdapterMismatchException("stack", $"has DoRA magnitudes whose factors were computed for base model {_resolvedFor}, this is {model.Digest}; make another stack for it");
            }

            Volatile.Write(ref _validatedFor, model);
        }
    }

    /// <summary>The updates of the layers that share an input, or null where no adapter touches them.</summary>
    internal LoraGroup? Group(int block, LoraInput input) =>
        MaxRank == 0 ? null : _groups[input == LoraInput.Head ? _groups.Length - 1 : block * (int)LoraInput.Head + (int)input];

    /// <summary>The factor of each output of a layer before the updates, or null where it is one.</summary>
    internal float[]? Gain(int block, LoraTarget target) => _gains?[target == LoraTarget.Head ? _gains.Length - 1 : block * (int)LoraTarget.Head + (int)target];

    private void Arrange(IReadOnlyList<AdapterStackEntry> entries)
    {
        var groups = new LoraGroup?[_blockCount * (int)LoraInput.Head + 1];
        for (var block = 0; block < _blockCount; block++)
            for (var input = LoraInput.Attention; input < LoraInput.Head; input++)
                groups[block * (int)LoraInput.Head + (int)input] = LoraGroup.Create(entries, block, input);
        groups[^1] = LoraGroup.Create(entries, 0, LoraInput.Head);
        var rank = 0;
        foreach (var group in groups) rank = Math.Max(rank, group?.Rank ?? 0);
        (_groups, MaxRank) = (groups, rank);
    }

    // An adapter of scale f adds f (W' - W) with W' = g (W + s B A): the base output times f (g - 1), and a pair whose B is times g.
    private void Resolve(DecoderModel model)
    {
        var gains = new float[]?[_blockCount * (int)LoraTarget.Head + 1];
        var resolved = new List<AdapterStackEntry>(Entries.Count);
        for (var i = 0; i < Entries.Count; i++)
        {
            var (adapter, scale) = Entries[i];
            var plain = new LoraAdapter(adapter.Config, adapter.BlockCount, adapter.BaseDigest);
            foreach (var (block, target, pair) in adapter.Pairs())
            {
                if (pair.Magnitude is null || scale == 0f)
                {
                    plain[block, target] = pair;
                    continue;
                }

                var gain = DoraGain.Compute(LoraShapes.Matrix(model, block, target), pair, $"{i + 1} of the stack");
                var b = (float[])pair.B.Clone();
                for (var n = 0; n < pair.Outputs; n++)
                    for (var r = 0; r < pair.Rank; r++) b[n * pair.Rank + r] *= gain[n];
                plain[block, target] = new LoraPair(pair.Rank, pair.Inputs, pair.Outputs, pair.Scale, pair.A, b);
                ref var total = ref gains[target == LoraTarget.Head ? gains.Length - 1 : block * (int)LoraTarget.Head + (int)target];
                if (total is null)
                {
                    total = new float[pair.Outputs];
                    Array.Fill(total, 1f);
                }

                for (var n = 0; n < pair.Outputs; n++) total[n] += scale * (gain[n] - 1f);
            }

            resolved.Add(new AdapterStackEntry(plain, scale));
        }

        _gains = gains;
        Arrange(resolved);
    }
}

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
    private readonly LoraGroup?[] _groups; // (blocks, groups), then the head's
    private readonly int _blockCount;
    private DecoderModel? _validatedFor;

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

        _groups = new LoraGroup?[_blockCount * (int)LoraInput.Head + 1];
        for (var block = 0; block < _blockCount; block++)
            for (var input = LoraInput.Attention; input < LoraInput.Head; input++)
                _groups[block * (int)LoraInput.Head + (int)input] = LoraGroup.Create(Entries, block, input);
        _groups[^1] = LoraGroup.Create(Entries, 0, LoraInput.Head);
        foreach (var group in _groups) MaxRank = Math.Max(MaxRank, group?.Rank ?? 0);
    }

    /// <summary>The stack without adapters: the plain base.</summary>
    public static AdapterStack Empty { get; } = new();

    /// <summary>The adapters in order.</summary>
    public IReadOnlyList<AdapterStackEntry> Entries { get; }

    /// <summary>Whether the stack changes nothing.</summary>
    public bool IsEmpty => MaxRank == 0;

    /// <summary>Most rows that the factors of the layers sharing one input have together.</summary>
    internal int MaxRank { get; }

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
        Volatile.Write(ref _validatedFor, model);
    }

    /// <summary>The updates of the layers that share an input, or null where no adapter touches them.</summary>
    internal LoraGroup? Group(int block, LoraInput input) =>
        MaxRank == 0 ? null : _groups[input == LoraInput.Head ? _groups.Length - 1 : block * (int)LoraInput.Head + (int)input];
}

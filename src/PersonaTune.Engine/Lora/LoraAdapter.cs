using PersonaTune.Engine.Models;

namespace PersonaTune.Engine.Lora;

/// <summary>
/// A set of LoRA pairs for one base model. Treat a published adapter as immutable: inference reads it from many threads.
/// </summary>
public sealed class LoraAdapter
{
    private readonly LoraPair?[] _pairs;

    /// <summary>Creates an adapter without pairs.</summary>
    public LoraAdapter(LoraConfig config, int blockCount, string baseDigest)
    {
        Config = config;
        BlockCount = blockCount;
        BaseDigest = baseDigest;
        _pairs = new LoraPair?[blockCount * (int)LoraTarget.Head + 1];
    }

    /// <summary>Shape and initialization.</summary>
    public LoraConfig Config { get; }

    /// <summary>Blocks of the base model.</summary>
    public int BlockCount { get; }

    /// <summary><see cref="DecoderModel.Digest"/> of the base model, or empty where a foreign file does not say.</summary>
    public string BaseDigest { get; }

    /// <summary>The pair of a layer, or null. <paramref name="block"/> is ignored for <see cref="LoraTarget.Head"/>.</summary>
    public LoraPair? this[int block, LoraTarget target]
    {
        get => _pairs[Index(block, target)];
        set => _pairs[Index(block, target)] = value;
    }

    /// <summary>Whether any pair is DoRA's.</summary>
    public bool HasMagnitudes => Array.Exists(_pairs, pair => pair?.Magnitude is not null);

    /// <summary>All pairs in file order: blocks first to last, targets in enumeration order, then the head.</summary>
    public IEnumerable<(int Block, LoraTarget Target, LoraPair Pair)> Pairs()
    {
        for (var i = 0; i < _pairs.Length; i++)
            if (_pairs[i] is { } pair)
                yield return i == _pairs.Length - 1
                    ? (0, LoraTarget.Head, pair)
                    : (i / (int)LoraTarget.Head, (LoraTarget)(i % (int)LoraTarget.Head), pair);
    }

    private int Index(int block, LoraTarget target)
    {
        if (target == LoraTarget.Head) return _pairs.Length - 1;
        ArgumentOutOfRangeException.ThrowIfNegative(block);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(block, BlockCount);
        return block * (int)LoraTarget.Head + (int)target;
    }
}

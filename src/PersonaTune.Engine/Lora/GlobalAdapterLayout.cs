using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using PersonaTune.Engine.Models;

namespace PersonaTune.Engine.Lora;

/// <summary>
/// Which coordinate of a flat vector is which weight of a LoRA adapter whose A is frozen: the B matrices in file order (blocks first to last, targets in
/// enumeration order, then the head), each row-major (outputs, R). Only B is trained and travels, so that sums of updates are exact. Immutable and thread-safe.
/// </summary>
/// <remarks>
/// Mixed ranks: a device of rank r trains the first r columns of each B with the first r rows of A and the scale of the whole rank R, so that its
/// product is a part of the global one; its other columns stay zero. A of a smaller rank is the beginning of that of a larger one
/// (<see cref="LoraInitialization"/>).
/// </remarks>
public sealed class GlobalAdapterLayout
{
    private readonly DecoderModel _model;
    private readonly LoraConfig _config;

    /// <summary>A layout.</summary>
    /// <param name="model">The base model.</param>
    /// <param name="config">The adapter; its A must be frozen, its rank and alpha the same for all targets.</param>
    /// <exception cref="ArgumentException">A is not frozen, a pattern sets another rank or alpha, or a setting is out of its range.</exception>
    public GlobalAdapterLayout(DecoderModel model, LoraConfig config)
    {
        ArgumentNullException.ThrowIfNull(model);
        LoraInitialization.Validate(config);
        if (!config.FreezeA) throw new ArgumentException("a global adapter trains B alone; set LoraConfig.FreezeA", nameof(config));
        if (config.RankPattern.Count > 0 || config.AlphaPattern.Count > 0)
            throw new ArgumentException("a global adapter has one rank and one alpha for all targets; empty the patterns", nameof(config));
        (_model, _config) = (model, config);
        Dimension = LoraInitialization.Create(model, config with { Rank = 1 }).Pairs().Sum(pair => pair.Pair.Outputs) * config.Rank;
        SchemaHash = Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(Describe())));
    }

    /// <summary>The number of coordinates.</summary>
    public int Dimension { get; }

    /// <summary>The rank R of the global adapter.</summary>
    public int Rank => _config.Rank;

    /// <summary>SHA-256 over the layout's description: model shapes, targets, rank, scale, seed; lower-case hexadecimal.</summary>
    public string SchemaHash { get; }

    /// <summary>The adapter of a vector.</summary>
    /// <param name="vector">All coordinates.</param>
    /// <param name="rank">How many columns of each B to take; null for all. The scale stays that of the whole rank.</param>
    public LoraAdapter Write(ReadOnlySpan<float> vector, int? rank = null)
    {
        if (vector.Length != Dimension)
            throw new ArgumentException($"the vector has {vector.Length} coordinates, the layout {Dimension}; check that it belongs to this task", nameof(vector));
        var kept = rank ?? Rank;
        ArgumentOutOfRangeException.ThrowIfLessThan(kept, 1, nameof(rank));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(kept, Rank, nameof(rank));
        var adapter = LoraInitialization.Create(_model, Config(kept));
        var at = 0;
        foreach (var (_, _, pair) in adapter.Pairs())
        {
            for (var row = 0; row < pair.Outputs; row++, at += Rank)
                vector.Slice(at, kept).CopyTo(pair.B.AsSpan(row * kept));
        }

        return adapter;
    }

    /// <summary>The vector of an adapter of this layout, of the whole rank or a smaller one; missing columns are zero.</summary>
    /// <exception cref="ArgumentException">The adapter has other pairs or a larger rank.</exception>
    public float[] Read(LoraAdapter adapter)
    {
        ArgumentNullException.ThrowIfNull(adapter);
        var vector = new float[Dimension];
        var at = 0;
        foreach (var (_, _, pair) in adapter.Pairs())
        {
            if (pair.Magnitude is not null) throw new ArgumentException("the adapter has DoRA magnitudes, which a global adapter does not have", nameof(adapter));
            if (pair.Rank > Rank || at + (pair.Outputs * Rank) > vector.Length)
                throw new ArgumentException($"the adapter has a pair of rank {pair.Rank} with {pair.Outputs} outputs that does not fit the layout of rank {Rank}; use the task's configuration", nameof(adapter));
            for (var row = 0; row < pair.Outputs; row++, at += Rank)
                pair.B.AsSpan(row * pair.Rank, pair.Rank).CopyTo(vector.AsSpan(at));
        }

        return at == vector.Length ? vector : throw new ArgumentException($"the adapter has {at} weights in its layout, expected {vector.Length}; use the task's configuration", nameof(adapter));
    }

    /// <summary>The configuration of a device that trains <paramref name="rank"/> columns: alpha is such that the scale stays that of the whole rank.</summary>
    public LoraConfig Config(int rank) => rank == Rank
        ? _config
        : _config with { Rank = rank, Alpha = _config.RankStabilized ? _config.Alpha * MathF.Sqrt((float)rank / Rank) : _config.Alpha * rank / Rank };

    private string Describe()
    {
        var text = new StringBuilder("PersonaTune global adapter 1\n");
        text.Append(CultureInfo.InvariantCulture, $"rank {Rank} alpha {_config.Alpha:R} stabilized {(_config.RankStabilized ? 1 : 0)} seed {_config.Seed.ToLowerInvariant()}\n");
        foreach (var (block, target, pair) in LoraInitialization.Create(_model, _config with { Rank = 1 }).Pairs())
            text.Append(CultureInfo.InvariantCulture, $"{LoraShapes.TensorName(block, target)} {pair.Outputs} {pair.Inputs}\n");
        return text.ToString();
    }

}

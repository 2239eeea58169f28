using System.Diagnostics;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Layers;

/// <summary>
/// Forward and backward pass of a whole decoder over one micro-batch, with the gradients of the adapter alone. All buffers come from one
/// arena when the pass is made; a pass allocates nothing. Blocks below the first trained pair keep nothing and get no gradient. A frozen
/// adapter beneath the trained one acts as a part of the model: gradients pass through it and it gets none.
/// Shapes: T rows (tokens), dim = EmbeddingLength.
/// </summary>
internal sealed unsafe partial class DecoderPass
{
    private readonly DecoderModel _model;
    private readonly DecoderConfig _config;
    private readonly AdapterParameters _adapter;
    private readonly WorkerPool _pool;
    private readonly RopeTable _rope;
    private readonly LoraLayer _lora;
    private readonly AdapterParameters? _beneath;
    private readonly LoraLayer? _beneathLora;
    private readonly float* _beneathLow; // (T, padded rank)
    private readonly HeadLoss _head;
    private readonly BlockActivations?[] _activations;
    private readonly BlockActivations _shared;

    // Residual stream before each block, and after the last one at index BlockCount: (T, dim) each.
    private readonly float*[] _stream;
    private readonly float* _normed;   // (T, dim)
    private readonly float* _dStream;  // (T, dim)
    private readonly float* _dNormed;  // (T, dim)
    private readonly float* _wide;     // (T, max(FeedForwardLength, QueryLength))
    private readonly QuantizedActivations? _rounded;
    private readonly float* _scratch;  // attention scratch of every thread
    private readonly long _scratchStride;

    private MicroBatch _batch = null!;

    // The section in progress, for static bodies.
    private BlockActivations _current = null!;
    private float* _sectionX;
    private float* _sectionTarget;
    private float[] _sectionWeight = [];
    private int _nextItem;

    /// <summary>Takes all buffers from <paramref name="arena"/>; <paramref name="beneath"/> is the frozen adapter beneath, or null.</summary>
    public DecoderPass(DecoderModel model, AdapterParameters adapter, AdapterParameters? beneath, PassShape shape, WorkerPool pool, Arena arena)
    {
        (_model, _config, _adapter, _pool, Shape) = (model, model.Config, adapter, pool, shape);
        int tokens = shape.Tokens, dim = _config.EmbeddingLength;
        _rope = arena.Measures ? null! : new RopeTable(_config, shape.LongestSequence);
        arena.Take(2L * shape.LongestSequence * _config.HeadLength); // the table's own arrays, so that the plan counts them
        _stream = new float*[_config.BlockCount + 1];
        var kept = shape.Training ? Math.Min(adapter.LowestBlock, _config.BlockCount) : _config.BlockCount;
        float* even = null, odd = null;
        for (var l = 0; l <= _config.BlockCount; l++)
        {
            // Without a backward pass below, two buffers take turns.
            if (l >= kept && shape.Training) _stream[l] = arena.Take((long)tokens * dim);
            else if (l % 2 == 0) _stream[l] = even = even is null && l < 2 ? arena.Take((long)tokens * dim) : even;
            else _stream[l] = odd = odd is null && l < 2 ? arena.Take((long)tokens * dim) : odd;
        }

        _activations = new BlockActivations?[_config.BlockCount];
        for (var l = kept + shape.CheckpointedBlocks; l < _config.BlockCount; l++)
            _activations[l] = new BlockActivations(arena, _config, adapter, tokens);

        // The last block fills its slot last and is done with it first, so blocks that keep nothing can use it before and after.
        _shared = _activations[^1] ?? new BlockActivations(arena, _config, adapter, tokens);

        var widest = Math.Max(_config.FeedForwardLength, _config.QueryLength);
        _normed = arena.Take((long)tokens * dim);
        _wide = arena.Take((long)tokens * widest);
        _dStream = arena.Take((long)tokens * dim);
        _dNormed = arena.Take((long)tokens * dim);
        var longest = shape.LongestSequence;
        _scratchStride = shape.Training
            ? CausalAttention.BackwardScratch(longest, _config.HeadLength)
            : CausalAttention.ForwardScratch(longest, _config.HeadLength);
        _scratch = arena.Take(_scratchStride * pool.Threads);
        if (shape.EightBit)
        {
            // 8 bits a value and three sums a block of 32; the kernels' own memory, taken here so that the plan counts it.
            _rounded = new QuantizedActivations();
            arena.Take((long)tokens * ((Math.Max(widest, dim) + 31) / 32) * 12 + 64);
        }

        _lora = new LoraLayer(pool, arena, adapter, tokens, Math.Max(widest, dim));
        if (beneath is not null)
        {
            _beneath = beneath;
            _beneathLora = new LoraLayer(pool, arena, beneath, tokens, Math.Max(widest, dim));
            _beneathLow = arena.Take((long)tokens * beneath.MaxPaddedRank);
        }

        _head = new HeadLoss(model, [(adapter, _lora), .. beneath is null ? [] : new[] { (beneath, _beneathLora!) }], shape, pool, arena, _rounded);
    }

    /// <summary>Sizes that the buffers were made for.</summary>
    public PassShape Shape { get; }

    /// <summary>Stopwatch ticks spent in each phase since the pass was made; for the benchmark.</summary>
    public long[] PhaseTicks { get; } = new long[(int)PassPhase.Count];

    /// <summary>Sum of the negative log-likelihoods of the batch's targets, in nats, without dropout and without gradients.</summary>
    public double Loss(MicroBatch batch)
    {
        _lora.DropoutEnabled = false;
        Forward(batch, training: false);
        return _head.Loss(batch, _normed, _dNormed);
    }

    /// <summary>
    /// As <see cref="Loss"/>, and adds <paramref name="weight"/> x the gradient of the sum to the adapter's gradients. Dropout, where
    /// configured, uses the keys of the entries.
    /// </summary>
    public double LossAndGradients(MicroBatch batch, float weight)
    {
        Debug.Assert(Shape.Training, "the pass was made for evaluation");
        _lora.DropoutEnabled = true;
        Forward(batch, training: true);
        var started = Stopwatch.GetTimestamp();
        var loss = _head.LossAndGradient(batch, _normed, _dNormed, weight, needInputGradient: _adapter.LowestBlock < _config.BlockCount);
        if (_adapter.LowestBlock < _config.BlockCount)
        {
            new Span<float>(_dStream, batch.TokenCount * _config.EmbeddingLength).Clear();
            HeadNormBackward(batch);
            Count(PassPhase.Head, started);
            for (var l = _config.BlockCount - 1; l >= _adapter.LowestBlock; l--) BackwardBlock(l);
        }

        return loss;
    }

    private static (int First, int Count) Rows(int part, int parts, int total)
    {
        var first = (int)((long)total * part / parts);
        return (first, (int)((long)total * (part + 1) / parts) - first);
    }

    private void Count(PassPhase phase, long started) => PhaseTicks[(int)phase] += Stopwatch.GetTimestamp() - started;

    private BlockActivations ActivationsOf(int block) => _activations[block] ?? _shared;

    // sameInput: x is what the product before read, so it need not be rounded again.
    private void Product(float* x, in WeightMatrix w, float* y, bool accumulate, bool sameInput)
    {
        var tokens = _batch.TokenCount;
        var input = new ReadOnlySpan<float>(x, tokens * w.Columns);
        var output = new Span<float>(y, tokens * w.Rows);
        if (_rounded is null)
        {
            MatMul.Forward(_pool, input, w, output, tokens, accumulate);
            return;
        }

        if (!sameInput) _rounded.Quantize(_pool, input, tokens, w.Columns);
        MatMul.ForwardInt8(_pool, input, _rounded, w, output, accumulate);
    }

    private void ProductBackward(float* dy, in WeightMatrix w, float* dx, bool accumulate = false)
    {
        var tokens = _batch.TokenCount;
        MatMul.BackwardInput(_pool, new ReadOnlySpan<float>(dy, tokens * w.Rows), w, new Span<float>(dx, tokens * w.Columns), tokens, accumulate);
    }

    private void Linear(int block, LoraTarget target, float* x, in WeightMatrix w, float* y, BlockActivations activations,
        bool accumulate = false, bool sameInput = false)
    {
        var started = Stopwatch.GetTimestamp();
        Product(x, w, y, accumulate, sameInput);
        Count(PassPhase.Products, started);
        started = Stopwatch.GetTimestamp();
        if (_beneath?[block, target] is { } frozen) _beneathLora!.Forward(frozen, x, y, _beneathLow, _batch.TokenCount);
        if (_adapter[block, target] is { } entry) _lora.Forward(entry, x, y, activations.Low(target), _batch.TokenCount);
        Count(PassPhase.Lora, started);
    }
}

using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Layers;
using PersonaTune.Engine.Lora;

namespace PersonaTune.Engine.Vision.Transformer;

/// <summary>
/// Forward and backward of a vision transformer with LoRA. Blocks below the first adapted one run in <see cref="Prepare"/>; where the first block is adapted,
/// the state of a picture is its pixels.
/// </summary>
internal sealed unsafe partial class VisionTransformerPass : EncoderPass
{
    private readonly VisionTransformer _model;
    private readonly VisionConfig _config;
    private readonly WorkerPool _pool;
    private readonly Arena _arena;
    private readonly bool _training;
    private readonly int _cut;

    private AdapterParameters _parameters = null!;
    private LoraLayer _lora = null!;
    private VisionActivations[] _saved = [];
    private VisionActivations _frozen = null!;
    private float* _patches;
    private float* _stream;
    private float* _final;
    private float* _dStream;
    private float* _dWide;
    private float* _dNarrow;
    private float* _dQuery;
    private float* _dKey;
    private float* _dValue;
    private float* _scratch;
    private long _scratchLength;

    // The operation in progress, for the static section bodies.
    private VisionActivations _now = null!;
    private int _pictures;

    public VisionTransformerPass(VisionTransformer model, WorkerPool pool, LoraAdapter adapter, int capacity, bool training)
    {
        (_model, _config, _pool, _training, Capacity) = (model, model.Config, pool, training, capacity);
        _cut = adapter.Pairs().Any() ? adapter.Pairs().Min(entry => entry.Block) : 0;
        StateLength = _cut == 0 ? _config.ImageSize * _config.ImageSize * 3 : _config.Tokens * _config.EmbeddingLength * sizeof(float);
        using (var measure = new Arena())
        {
            Take(measure, adapter);
            _arena = new Arena(measure.Used);
        }

        Take(_arena, adapter);
        Bytes = _arena.Used * sizeof(float);
    }

    public override AdapterParameters Parameters => _parameters;

    public override int Capacity { get; }

    public override int StateLength { get; }

    public override long Bytes { get; }

    private int Dim => _config.EmbeddingLength;

    private int Rows => _pictures * _config.Tokens;

    public override void Prepare(ReadOnlySpan<byte> picture, Span<byte> state)
    {
        if (_cut == 0)
        {
            picture.CopyTo(state);
            return;
        }

        _pictures = 1;
        EmbedPatches(picture, 0);
        for (var i = 0; i < _cut; i++) ForwardBlock(i, _frozen);
        new ReadOnlySpan<byte>(_stream, state.Length).CopyTo(state);
    }

    public override void Forward(ReadOnlySpan<byte> states, int pictures, Span<float> embeddings)
    {
        var tokens = _config.ClassTokens;
        Run(states, pictures);
        for (var p = 0; p < pictures; p++)
        {
            var embedding = embeddings.Slice(p * Dim, Dim);
            embedding.Clear();
            for (var t = 0; t < tokens; t++) Elementwise.AddScaled(new ReadOnlySpan<float>(_final + ((long)p * tokens + t) * Dim, Dim), 1f / tokens, embedding);
        }
    }

    /// <summary>The class tokens (pictures, class tokens, dim) after the last normalization.</summary>
    public void ForwardTokens(ReadOnlySpan<byte> states, int pictures, Span<float> tokens)
    {
        Run(states, pictures);
        new ReadOnlySpan<float>(_final, pictures * _config.ClassTokens * Dim).CopyTo(tokens);
    }

    public override void Dispose() => _arena.Dispose();

    private void Take(Arena arena, LoraAdapter adapter)
    {
        var rows = Capacity * _config.Tokens;
        _parameters = new AdapterParameters(adapter, arena, _training);
        _lora = new LoraLayer(_pool, arena, _parameters, rows, Math.Max(_config.EmbeddingLength, _config.FeedForwardLength));
        _frozen = new VisionActivations(_config, arena, _parameters, rows);
        _saved = _training ? [.. Enumerable.Range(0, _config.BlockCount - _cut).Select(_ => new VisionActivations(_config, arena, _parameters, rows))] : [];
        _patches = arena.Take((long)_config.Patches * (_config.PatchLength + _config.EmbeddingLength));
        _stream = arena.Take((long)rows * _config.EmbeddingLength);
        _final = arena.Take((long)Capacity * _config.ClassTokens * _config.EmbeddingLength);
        _scratchLength = (FullAttention.Scratch(_config.Tokens, _config.HeadLength) + 15) / 16 * 16;
        _scratch = arena.Take(_pool.Threads * _scratchLength);
        if (!_training) return;
        _dStream = arena.Take((long)rows * _config.EmbeddingLength);
        _dWide = arena.Take((long)rows * _config.FeedForwardLength);
        _dNarrow = arena.Take((long)rows * _config.EmbeddingLength);
        _dQuery = arena.Take((long)rows * _config.EmbeddingLength);
        _dKey = arena.Take((long)rows * _config.EmbeddingLength);
        _dValue = arena.Take((long)rows * _config.EmbeddingLength);
    }

    private void Run(ReadOnlySpan<byte> states, int pictures)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(pictures, Capacity);
        _pictures = pictures;
        if (_cut == 0)
            for (var p = 0; p < pictures; p++) EmbedPatches(states.Slice(p * StateLength, StateLength), p);
        else states[..(pictures * StateLength)].CopyTo(new Span<byte>(_stream, pictures * StateLength));
        for (var i = _cut; i < _config.BlockCount; i++) ForwardBlock(i, _training ? _saved[i - _cut] : _frozen);
        for (var p = 0; p < pictures; p++)
            for (var t = 0; t < _config.ClassTokens; t++)
                LayerNorm.Forward(new ReadOnlySpan<float>(_stream + ((long)p * _config.Tokens + t) * Dim, Dim), _model.Norm.Gain, _model.Norm.Shift,
                    new Span<float>(_final + ((long)p * _config.ClassTokens + t) * Dim, Dim), _config.NormEpsilon);
    }

    // Pixels to the residual stream of picture p: each patch is a row of channels x rows x columns.
    private void EmbedPatches(ReadOnlySpan<byte> picture, int p)
    {
        var (size, patch, side) = (_config.ImageSize, _config.PatchSize, _config.ImageSize / _config.PatchSize);
        for (var c = 0; c < 3; c++)
        {
            var (scale, offset) = (1f / (255f * _config.Deviation[c]), _config.Mean[c] / _config.Deviation[c]);
            for (var y = 0; y < size; y++)
                for (var x = 0; x < size; x++)
                    _patches[(long)(y / patch * side + x / patch) * _config.PatchLength + (c * patch + y % patch) * patch + x % patch] = picture[(y * size + x) * 3 + c] * scale - offset;
        }

        var output = _patches + (long)_config.Patches * _config.PatchLength;
        MatMul.Forward(_pool, new ReadOnlySpan<float>(_patches, _config.Patches * _config.PatchLength), _model.Patches.Weights, new Span<float>(output, _config.Patches * Dim), _config.Patches);
        var stream = _stream + (long)p * _config.Tokens * Dim;
        _model.ClassTokens.CopyTo(new Span<float>(stream, _config.ClassTokens * Dim));
        for (var i = 0; i < _config.Patches; i++)
        {
            var row = new Span<float>(stream + (long)(_config.ClassTokens + i) * Dim, Dim);
            new ReadOnlySpan<float>(output + (long)i * Dim, Dim).CopyTo(row);
            Elementwise.Add(_model.Patches.Bias, row);
        }

        Elementwise.Add(_model.Positions, new Span<float>(stream, _config.Tokens * Dim));
    }
}

using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;

namespace PersonaTune.Engine.Vision.Transformer;

/// <summary>A frozen ViT or DeiT. The embedding is the class token after the last normalization (with DeiT's second token: the mean of both).</summary>
internal sealed class VisionTransformer : PhotoEncoder
{
    private readonly IDisposable? _owner;
    private readonly EncoderLayer[] _layers;

    public VisionTransformer(VisionConfig config, string digest, IDisposable? owner)
    {
        (Config, Digest, _owner) = (config, digest, owner);
        var (dim, inner) = (config.EmbeddingLength, config.FeedForwardLength);
        _layers =
        [
            .. Enumerable.Range(0, config.BlockCount).SelectMany(block => new[]
            {
                Layer(block, LoraTarget.Query, "attn_q", dim, dim), Layer(block, LoraTarget.Key, "attn_k", dim, dim), Layer(block, LoraTarget.Value, "attn_v", dim, dim),
                Layer(block, LoraTarget.Output, "attn_out", dim, dim), Layer(block, LoraTarget.Up, "ffn_up", dim, inner), Layer(block, LoraTarget.Down, "ffn_down", inner, dim),
            }),
        ];
        Transform = new PhotoTransform(config.ImageSize, config.CropFraction, config.Filter);
        Description = $"vision transformer, {config.BlockCount} blocks of {dim}, {config.ImageSize} x {config.ImageSize} in patches of {config.PatchSize}";

        static EncoderLayer Layer(int block, LoraTarget target, string stem, int inputs, int outputs) => new(block, target, $"v.blk.{block}.{stem}.weight", inputs, outputs);
    }

    public VisionConfig Config { get; }

    /// <summary>(dim, 3 x patch x patch): channels, then rows, then columns.</summary>
    public required VisionLinear Patches { get; init; }

    /// <summary>(class tokens, dim).</summary>
    public required float[] ClassTokens { get; init; }

    /// <summary>(tokens, dim).</summary>
    public required float[] Positions { get; init; }

    public required IReadOnlyList<VisionBlock> Blocks { get; init; }

    public required VisionNorm Norm { get; init; }

    /// <summary>Heads of the class tokens, in their order; empty where the file has no classifier.</summary>
    public required IReadOnlyList<VisionLinear> Heads { get; init; }

    public override string Digest { get; }

    public override string Description { get; }

    public override PhotoTransform Transform { get; }

    public override int EmbeddingLength => Config.EmbeddingLength;

    public override int ClassCount => Heads.Count == 0 ? 0 : Heads[0].Weights.Rows;

    public override IReadOnlyList<string> ClassNames => Config.Labels;

    public override IReadOnlyList<EncoderLayer> Layers => _layers;

    public override long ResidentBytes => 4L * (ClassTokens.Length + Positions.Length);

    internal override bool NonNegative => false;

    internal override EncoderPass CreatePass(WorkerPool pool, LoraAdapter adapter, int capacity, bool training) =>
        new VisionTransformerPass(this, pool, adapter, capacity, training);

    internal override FrozenPass CreateFrozenPass(WorkerPool pool) => new VisionTransformerFrozenPass(this, pool);

    protected override void Dispose(bool disposing)
    {
        if (disposing) _owner?.Dispose();
    }
}

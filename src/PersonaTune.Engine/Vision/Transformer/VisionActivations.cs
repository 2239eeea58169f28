using PersonaTune.Engine.Layers;
using PersonaTune.Engine.Lora;

namespace PersonaTune.Engine.Vision.Transformer;

/// <summary>What one block keeps for its backward pass. Rows are tokens of all pictures.</summary>
internal sealed unsafe class VisionActivations
{
    private readonly float*[] _projections = new float*[(int)LoraTarget.Head];

    public VisionActivations(VisionConfig config, Arena arena, AdapterParameters parameters, int rows)
    {
        var (dim, inner) = (config.EmbeddingLength, config.FeedForwardLength);
        Input = arena.Take((long)rows * dim);
        Normed1 = arena.Take((long)rows * dim);
        Query = arena.Take((long)rows * dim);
        Key = arena.Take((long)rows * dim);
        Value = arena.Take((long)rows * dim);
        Mixed = arena.Take((long)rows * dim);
        Middle = arena.Take((long)rows * dim);
        Normed2 = arena.Take((long)rows * dim);
        Up = arena.Take((long)rows * inner);
        Activated = arena.Take((long)rows * inner);
        Statistics = arena.Take(4L * rows);
        for (var target = LoraTarget.Query; target < LoraTarget.Head; target++)
            if (parameters.WidestRank(target) is > 0 and var rank) _projections[(int)target] = arena.Take((long)rows * rank);
    }

    /// <summary>Residual stream before the block.</summary>
    public float* Input { get; }

    public float* Normed1 { get; }

    public float* Query { get; }

    public float* Key { get; }

    public float* Value { get; }

    /// <summary>Output of the heads.</summary>
    public float* Mixed { get; }

    /// <summary>Residual stream between attention and feed-forward layer.</summary>
    public float* Middle { get; }

    public float* Normed2 { get; }

    public float* Up { get; }

    public float* Activated { get; }

    /// <summary>Mean and reciprocal deviation of both normalizations, four a row.</summary>
    public float* Statistics { get; }

    public float* Projection(LoraTarget target) => _projections[(int)target];
}

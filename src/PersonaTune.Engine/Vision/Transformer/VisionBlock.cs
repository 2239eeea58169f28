namespace PersonaTune.Engine.Vision.Transformer;

/// <summary>Frozen weights of one block.</summary>
internal sealed record VisionBlock(VisionNorm AttentionNorm, VisionLinear Query, VisionLinear Key, VisionLinear Value, VisionLinear Output, VisionNorm FeedForwardNorm, VisionLinear Up, VisionLinear Down);

using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Vision.Transformer;

/// <summary>y = W x + b; a layer without bias has zeros.</summary>
internal sealed record VisionLinear(WeightMatrix Weights, float[] Bias);

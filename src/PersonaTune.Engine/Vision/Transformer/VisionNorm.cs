namespace PersonaTune.Engine.Vision.Transformer;

/// <summary>Gain and shift of a layer normalization.</summary>
internal sealed record VisionNorm(float[] Gain, float[] Shift);

namespace PersonaTune.Engine.Vision;

/// <summary>A taught picture.</summary>
/// <param name="Pixels">(side, side, 3) bytes, prepared by the encoder's transform. Treat as immutable.</param>
/// <param name="Label">Index of its label.</param>
public sealed record PhotoExample(byte[] Pixels, int Label);

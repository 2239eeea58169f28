namespace PersonaTune.Engine.Formats;

/// <summary>What a conversion produced.</summary>
/// <param name="Path">The new file.</param>
/// <param name="Digest">Its SHA-256, lower-case hex.</param>
/// <param name="ByteLength">Its length in bytes.</param>
/// <param name="Parameters">Elements of all tensors.</param>
/// <param name="Fallbacks">Matrices that took another type than asked for, because their rows do not divide into its blocks.</param>
/// <param name="SourceWasQuantized">Whether a matrix of the source was block-quantized already, so that errors add up.</param>
public sealed record ConversionResult(string Path, string Digest, long ByteLength, long Parameters, IReadOnlyList<string> Fallbacks, bool SourceWasQuantized);

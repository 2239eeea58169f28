namespace PersonaTune.Engine.Lora;

/// <summary>What a merge wrote.</summary>
/// <param name="Path">The file.</param>
/// <param name="Digest">Its SHA-256, lower-case hex.</param>
/// <param name="ByteLength">Its bytes.</param>
/// <param name="Tensors">Matrices that adapters changed.</param>
/// <param name="EncodingError">Relative root mean square of what encoding these matrices changed: 0 for F32.</param>
public sealed record MergeResult(string Path, string Digest, long ByteLength, int Tensors, double EncodingError);

namespace PersonaTune.Engine.Formats;

/// <summary>What stands before the tensor data of a GGUF file.</summary>
internal sealed record GgufHeader(int Version, int Alignment, GgufMetadata Metadata, IReadOnlyList<GgufTensor> Tensors);

using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Formats;

/// <summary>Reported after every tensor of a conversion.</summary>
/// <param name="Tensor">Name of the tensor just written.</param>
/// <param name="Type">Type it was written in.</param>
/// <param name="Done">Tensors written so far.</param>
/// <param name="Total">Tensors of the model.</param>
public readonly record struct ConversionProgress(string Tensor, TensorType Type, int Done, int Total);

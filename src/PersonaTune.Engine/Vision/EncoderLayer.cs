using PersonaTune.Engine.Lora;

namespace PersonaTune.Engine.Vision;

/// <summary>A linear layer of an encoder that can carry a LoRA pair.</summary>
/// <param name="Block">Block of a transformer, or number of the pointwise convolution from the input.</param>
/// <param name="Target">Which layer of the block.</param>
/// <param name="Name">The layer's name in the file.</param>
/// <param name="Inputs">Inputs (channels).</param>
/// <param name="Outputs">Outputs (channels).</param>
public sealed record EncoderLayer(int Block, LoraTarget Target, string Name, int Inputs, int Outputs);

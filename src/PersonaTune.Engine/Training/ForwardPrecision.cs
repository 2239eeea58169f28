namespace PersonaTune.Engine.Training;

/// <summary>How the forward pass of training multiplies activations with quantized weights. The backward pass always computes in f32.</summary>
public enum ForwardPrecision
{
    /// <summary>Activations stay f32: gradients are those of the dequantized model, to rounding.</summary>
    Single,

    /// <summary>
    /// Activations are rounded to 8 bits in blocks of 32, as inference does: faster, and the loss is that of the model as it will run; the
    /// gradient takes the rounding as the identity (straight through). No effect on unquantized weights.
    /// </summary>
    EightBit,
}

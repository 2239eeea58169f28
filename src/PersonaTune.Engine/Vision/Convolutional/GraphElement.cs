namespace PersonaTune.Engine.Vision.Convolutional;

/// <summary>Element types of a graph's tensors.</summary>
internal enum GraphElement
{
    /// <summary>Unsigned 8 bits with scale and zero point.</summary>
    UInt8,

    /// <summary>Signed 8 bits with scale and zero point, of weights with a scale for each output channel. Kept with 128 added, so that all arithmetic is that of unsigned values.</summary>
    Int8,

    /// <summary>Signed 32 bits: biases and shapes.</summary>
    Int32,
}

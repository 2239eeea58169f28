namespace PersonaTune.Engine.Tensors;

/// <summary>Storage type of a tensor's elements; the values are those of the GGUF specification (ggml type ids).</summary>
public enum TensorType
{
    /// <summary>32-bit IEEE float.</summary>
    F32 = 0,

    /// <summary>16-bit IEEE float.</summary>
    F16 = 1,

    /// <summary>Blocks of 32: f16 scale, 4-bit values, symmetric (offset 8). 4.5 bits a weight.</summary>
    Q4_0 = 2,

    /// <summary>Blocks of 32: f16 scale and minimum, 4-bit values. 5 bits a weight.</summary>
    Q4_1 = 3,

    /// <summary>Blocks of 32: f16 scale, 5-bit values, symmetric (offset 16). 5.5 bits a weight.</summary>
    Q5_0 = 6,

    /// <summary>Blocks of 32: f16 scale and minimum, 5-bit values. 6 bits a weight.</summary>
    Q5_1 = 7,

    /// <summary>Blocks of 32: f16 scale, signed 8-bit values. 8.5 bits a weight.</summary>
    Q8_0 = 8,

    /// <summary>Super-blocks of 256 with 6-bit sub-scales and minima, 4-bit values. 4.5 bits a weight.</summary>
    Q4_K = 12,

    /// <summary>Super-blocks of 256 with 6-bit sub-scales and minima, 5-bit values. 5.5 bits a weight.</summary>
    Q5_K = 13,

    /// <summary>Super-blocks of 256 with 8-bit sub-scales, 6-bit values. 6.5625 bits a weight.</summary>
    Q6_K = 14,

    /// <summary>Signed 8-bit integer.</summary>
    I8 = 24,

    /// <summary>Signed 16-bit integer.</summary>
    I16 = 25,

    /// <summary>Signed 32-bit integer.</summary>
    I32 = 26,

    /// <summary>Signed 64-bit integer.</summary>
    I64 = 27,

    /// <summary>64-bit IEEE float.</summary>
    F64 = 28,

    /// <summary>bfloat16: the upper half of a 32-bit float.</summary>
    BF16 = 30,
}

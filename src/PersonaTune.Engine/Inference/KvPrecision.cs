namespace PersonaTune.Engine.Inference;

/// <summary>Storage type of cached keys and values.</summary>
public enum KvPrecision
{
    /// <summary>32-bit floats.</summary>
    F32,

    /// <summary>16-bit floats: half the memory, about three decimal digits.</summary>
    F16,
}

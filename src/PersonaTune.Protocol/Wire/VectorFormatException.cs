namespace PersonaTune.Protocol.Wire;

/// <summary>Bytes are not an encoded vector, or values cannot be encoded.</summary>
public sealed class VectorFormatException : FormatException
{
    /// <summary>Names the problem.</summary>
    /// <param name="problem">What was found, what was expected, what to do.</param>
    public VectorFormatException(string problem)
        : base($"encoded vector: {problem}")
    {
    }
}

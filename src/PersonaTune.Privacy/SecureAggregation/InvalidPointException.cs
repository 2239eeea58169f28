using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Privacy.SecureAggregation;

/// <summary>Bytes are not the public key of anybody. Agreeing with such a point could reveal the private key.</summary>
public sealed class InvalidPointException : SecureAggregationException
{
    /// <summary>Creates the exception.</summary>
    public InvalidPointException(PointDefect defect, string problem)
        : base("P-256 public key", problem) => Defect = defect;

    /// <summary>What is wrong.</summary>
    public PointDefect Defect { get; }
}

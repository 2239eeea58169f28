namespace PersonaTune.Privacy.SecureAggregation;

/// <summary>A packed vector has the wrong length or bits set behind its last word.</summary>
public sealed class PackedVectorException : SecureAggregationException
{
    /// <summary>Creates the exception.</summary>
    public PackedVectorException(int words, int bits, string problem)
        : base($"packed vector of {words} words of {bits} bits", problem)
    {
        Words = words;
        Bits = bits;
    }

    /// <summary>The number of words that were expected.</summary>
    public int Words { get; }

    /// <summary>The bits of a word.</summary>
    public int Bits { get; }
}

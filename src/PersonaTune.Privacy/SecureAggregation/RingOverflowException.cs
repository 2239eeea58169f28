namespace PersonaTune.Privacy.SecureAggregation;

/// <summary>A value, or a sum that a round could produce, does not fit into Z_(2^b).</summary>
public sealed class RingOverflowException : SecureAggregationException
{
    /// <summary>Creates the exception: <paramref name="needed"/> is the magnitude that would have to fit.</summary>
    public RingOverflowException(string subject, int bits, double needed)
        : base(subject, FormattableString.Invariant(
            $"|x| <= {RingEncoding.MaxMagnitude(bits)} fits into {bits} bits, needed {needed:G9}; ")
            + "use more bits, a smaller scale or clip, or fewer devices")
    {
        Bits = bits;
        Needed = needed;
    }

    /// <summary>The bits of the ring.</summary>
    public int Bits { get; }

    /// <summary>The magnitude that would have to fit.</summary>
    public double Needed { get; }
}

namespace PersonaTune.Privacy.SecureAggregation;

/// <summary>A share was refused, or a set of shares gives no secret.</summary>
public sealed class ShareException : SecureAggregationException
{
    /// <summary>Creates the exception.</summary>
    public ShareException(ShareDefect defect, int position, string problem)
        : base(position > 0 ? $"share {position}" : "shares", problem)
    {
        Defect = defect;
        Position = position;
    }

    /// <summary>What is wrong.</summary>
    public ShareDefect Defect { get; }

    /// <summary>The refused share's position, or 0 if no single share is at fault.</summary>
    public int Position { get; }
}

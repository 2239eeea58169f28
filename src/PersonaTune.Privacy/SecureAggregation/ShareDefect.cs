namespace PersonaTune.Privacy.SecureAggregation;

/// <summary>Why a share, or a set of shares, was refused.</summary>
public enum ShareDefect
{
    /// <summary>The encoding has the wrong length.</summary>
    WrongLength,

    /// <summary>The position is zero, where the secret itself lies, or larger than 65,535.</summary>
    PositionOutOfRange,

    /// <summary>Two shares have the same position.</summary>
    DuplicatePosition,

    /// <summary>A value is not below 2^61 - 1.</summary>
    ValueOutOfField,

    /// <summary>A share has another number of values than the secret's length asks for.</summary>
    WrongLimbCount,

    /// <summary>There are fewer shares than the threshold.</summary>
    TooFewShares,

    /// <summary>The shares do not belong together: the reconstructed value is longer than the secret.</summary>
    Inconsistent,
}

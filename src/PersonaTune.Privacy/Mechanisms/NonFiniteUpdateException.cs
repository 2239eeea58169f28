namespace PersonaTune.Privacy.Mechanisms;

/// <summary>
/// An update holds NaN or an infinity: it has no norm, so no clip can bound it. The message does not repeat other values.
/// </summary>
public sealed class NonFiniteUpdateException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="index">The first coordinate that is not finite.</param>
    /// <param name="value">NaN or an infinity.</param>
    public NonFiniteUpdateException(int index, float value)
        : base(FormattableString.Invariant(
            $"update: coordinate {index} is {value}, expected a finite number; discard the update and lower its learning rate"))
    {
        Index = index;
        Value = value;
    }

    /// <summary>The first coordinate that is not finite.</summary>
    public int Index { get; }

    /// <summary>NaN or an infinity.</summary>
    public float Value { get; }
}

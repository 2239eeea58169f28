namespace PersonaTune.Privacy.Accounting;

/// <summary>The grid of losses on which a privacy-loss distribution is discretized. Immutable and thread-safe.</summary>
/// <remarks>
/// The pessimistic epsilon of T compositions exceeds the truth by about T times the squared spacing; the optimistic one stays below by
/// about T times (a few thousandths of the spacing plus its square).
/// </remarks>
public sealed record PldGrid
{
    /// <summary>The spacing used where none is given: 1e-4.</summary>
    public const double DefaultSpacing = 1e-4;

    /// <summary>Spacing 1e-4, pessimistic.</summary>
    public static PldGrid Default { get; } = new();

    /// <summary>Describes a grid.</summary>
    /// <param name="spacing">Distance of neighbouring losses (unit: nats, as epsilon), above 0 and at most 1.</param>
    /// <param name="estimate">The side of the truth on which answers lie.</param>
    /// <exception cref="ArgumentOutOfRangeException">The spacing lies outside (0, 1].</exception>
    public PldGrid(double spacing = DefaultSpacing, PldEstimate estimate = PldEstimate.Pessimistic)
    {
        if (!(spacing is > 0 and <= 1))
            throw new ArgumentOutOfRangeException(
                nameof(spacing), spacing, "the spacing of a loss grid lies in (0, 1]; 1e-4 suits most uses");
        Spacing = spacing;
        Estimate = estimate;
    }

    /// <summary>Distance of neighbouring losses.</summary>
    public double Spacing { get; }

    /// <summary>The side of the truth on which answers lie.</summary>
    public PldEstimate Estimate { get; }
}

namespace PersonaTune.Privacy.SecureAggregation.Rounds;

/// <summary>Draws a device's noise share. It must rest on a cryptographic generator.</summary>
public interface IReportNoise
{
    /// <summary>Whether noise of this kind can be drawn.</summary>
    bool Supports(NoiseKind kind);

    /// <summary>Adds independent noise of standard deviation <paramref name="sigma"/> to each of <paramref name="values"/>.</summary>
    void AddTo(Span<int> values, NoiseKind kind, double sigma);
}

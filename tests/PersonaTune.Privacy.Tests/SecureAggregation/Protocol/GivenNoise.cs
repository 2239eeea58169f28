using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.Tests.SecureAggregation.Protocol;

/// <summary>The same known number on every coordinate, so that its sum is known.</summary>
internal sealed class GivenNoise(int value) : IReportNoise
{
    public bool Supports(NoiseKind kind) => kind == NoiseKind.Skellam;

    public void AddTo(Span<int> values, NoiseKind kind, double sigma)
    {
        foreach (ref var coordinate in values) coordinate += value;
    }
}

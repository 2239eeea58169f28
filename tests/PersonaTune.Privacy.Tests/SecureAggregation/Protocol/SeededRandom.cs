using PersonaTune.Privacy.SecureAggregation;

namespace PersonaTune.Privacy.Tests.SecureAggregation.Protocol;

/// <summary>Repeatable bytes in place of secret ones.</summary>
internal sealed class SeededRandom(int seed) : ISecretRandom
{
    private readonly Random _random = new(seed);

    public void Fill(Span<byte> output) => _random.NextBytes(output);
}

using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.Tests.SecureAggregation.Protocol;

/// <summary>Coordinates that are integers already.</summary>
internal sealed class GivenReport(int[] values) : IRoundReport
{
    public ReadOnlyMemory<byte> ModelHash { get; init; } = TestRounds.ModelHash;

    public ReadOnlyMemory<byte> AdapterSchemaHash { get; init; } = TestRounds.SchemaHash;

    public void Encode(RoundConfiguration configuration, Span<int> destination) => values.CopyTo(destination);
}

namespace PersonaTune.Privacy.SecureAggregation.Rounds;

/// <summary>The result of a round.</summary>
/// <param name="Sum">The sum modulo 2^b, one word a coordinate; read it with <see cref="RingEncoding"/>.</param>
/// <param name="Contributors">The devices whose reports are in it, ascending.</param>
/// <param name="Culprits">The devices that sent false shares or seeds, which were left out; ascending.</param>
public sealed record SecureSumResult(ReadOnlyMemory<uint> Sum, IReadOnlyList<DeviceId> Contributors, IReadOnlyList<DeviceId> Culprits);

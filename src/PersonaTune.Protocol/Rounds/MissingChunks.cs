namespace PersonaTune.Protocol.Rounds;

/// <summary>What is still missing of a device's upload.</summary>
/// <param name="Chunks">Numbers of the missing chunks of 1 MiB; empty if the upload is complete or not asked for.</param>
public sealed record MissingChunks(IReadOnlyList<int> Chunks);

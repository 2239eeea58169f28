namespace PersonaTune.Protocol.Tasks;

/// <summary>A task in the list that devices read.</summary>
/// <param name="Name">Its name.</param>
/// <param name="State">Where it stands.</param>
/// <param name="Envelope">The signed definition: a signed envelope whose payload is the definition's JSON.</param>
/// <param name="Release">The number of the newest release for everybody; 0 before the first.</param>
public sealed record TaskSummary(string Name, TaskState State, ReadOnlyMemory<byte> Envelope, int Release);

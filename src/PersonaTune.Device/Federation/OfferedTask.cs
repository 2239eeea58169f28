using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Device.Federation;

/// <summary>A task whose signature by a pinned operator was verified.</summary>
/// <param name="Task">Its terms.</param>
/// <param name="Digest">SHA-256 of the signed envelope, lower-case hexadecimal.</param>
/// <param name="State">Where it stands.</param>
public sealed record OfferedTask(TaskDefinition Task, string Digest, TaskState State);

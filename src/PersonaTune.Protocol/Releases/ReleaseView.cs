namespace PersonaTune.Protocol.Releases;

/// <summary>A release as a device fetches it.</summary>
/// <param name="Envelope">The signed manifest.</param>
/// <param name="State">Who gets it.</param>
public sealed record ReleaseView(ReadOnlyMemory<byte> Envelope, ReleaseState State);

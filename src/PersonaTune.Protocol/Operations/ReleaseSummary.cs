using PersonaTune.Protocol.Releases;

namespace PersonaTune.Protocol.Operations;

/// <summary>A release in the list.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Round">Its round.</param>
/// <param name="State">Who gets it.</param>
/// <param name="Created">When.</param>
/// <param name="Loss">The loss on the public set, or null.</param>
/// <param name="Accuracy">The accuracy on the public set, or null.</param>
/// <param name="Epsilon">Epsilon spent up to it, or null.</param>
/// <param name="Bytes">Bytes of its vector.</param>
public sealed record ReleaseSummary(
    int Number, int Round, ReleaseState State, DateTimeOffset Created, double? Loss, double? Accuracy, double? Epsilon, long Bytes);

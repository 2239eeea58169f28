using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation;

/// <summary>A party of the protocol refused a message or a round. <see cref="Reason"/> is for programs, the message for people.</summary>
public sealed class RefusalException : SecureAggregationException
{
    /// <summary>
    /// Creates the exception: <paramref name="subject"/> is what was refused; <paramref name="culprits"/> are the devices at
    /// fault, if known.
    /// </summary>
    public RefusalException(
        RefusalReason reason, string subject, string problem, Exception? innerException = null, IReadOnlyList<DeviceId>? culprits = null)
        : base(subject, problem, innerException)
    {
        Reason = reason;
        Culprits = culprits ?? [];
    }

    /// <summary>Why.</summary>
    public RefusalReason Reason { get; }

    /// <summary>The devices that are shown to be at fault; empty if nobody in particular is.</summary>
    public IReadOnlyList<DeviceId> Culprits { get; }
}

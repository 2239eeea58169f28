using PersonaTune.Privacy.Sealing;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.Messages;

/// <summary>What a message says. One value has exactly one encoding: whatever can be read is written back to the same bytes.</summary>
internal interface IMessageBody<TSelf>
    where TSelf : IMessageBody<TSelf>
{
    static abstract MessageType Type { get; }

    /// <summary>The longest encoding under <paramref name="configuration"/>; a longer body is refused unread.</summary>
    static abstract long MaximumLength(RoundConfiguration configuration);

    static abstract TSelf Read(ref SealReader reader);

    void Write(SealWriter writer);
}

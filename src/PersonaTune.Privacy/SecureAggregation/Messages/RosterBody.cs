using PersonaTune.Privacy.Sealing;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.Messages;

/// <summary>Every device's advertisement as it was signed, in ascending order of ids.</summary>
internal sealed record RosterBody(IReadOnlyList<SignedMessage> Advertisements) : IMessageBody<RosterBody>
{
    public static MessageType Type => MessageType.Roster;

    public static long MaximumLength(RoundConfiguration configuration) =>
        MessageList.MaximumLength(configuration.MaximumDevices, AdvertiseBody.MaximumLength(configuration));

    public static RosterBody Read(ref SealReader reader) => new(MessageList.Read(ref reader));

    public void Write(SealWriter writer) => MessageList.Write(Advertisements, writer);
}

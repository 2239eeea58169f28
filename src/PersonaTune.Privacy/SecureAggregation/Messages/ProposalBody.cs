using PersonaTune.Privacy.Sealing;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.Messages;

/// <summary>The sealed seeds of the reports that the leader holds, as the devices signed them, in ascending order of ids.</summary>
internal sealed record ProposalBody(IReadOnlyList<SignedMessage> Seeds) : IMessageBody<ProposalBody>
{
    public static MessageType Type => MessageType.Proposal;

    public static long MaximumLength(RoundConfiguration configuration) =>
        MessageList.MaximumLength(configuration.MaximumDevices, SealedSeedBody.MaximumLength(configuration));

    public static ProposalBody Read(ref SealReader reader) => new(MessageList.Read(ref reader));

    public void Write(SealWriter writer) => MessageList.Write(Seeds, writer);
}

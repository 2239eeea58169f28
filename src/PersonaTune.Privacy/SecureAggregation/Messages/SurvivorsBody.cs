using PersonaTune.Privacy.Sealing;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.Messages;

/// <summary>U2, the members that shared their secrets, and U3, those that reported too.</summary>
internal sealed record SurvivorsBody(MemberSet Shared, MemberSet Reported) : IMessageBody<SurvivorsBody>
{
    public static MessageType Type => MessageType.Survivors;

    public static long MaximumLength(RoundConfiguration configuration) => 2 * MemberSet.EncodedLength(configuration.MaximumDevices);

    public static SurvivorsBody Read(ref SealReader reader) => new(MemberSet.Read(ref reader), MemberSet.Read(ref reader));

    public void Write(SealWriter writer)
    {
        Shared.Write(writer);
        Reported.Write(writer);
    }
}

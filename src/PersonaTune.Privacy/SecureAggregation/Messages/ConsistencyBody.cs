using PersonaTune.Privacy.Sealing;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.Messages;

/// <summary>
/// root(U2), root(U3) and |U3|, behind the digest of the roster and graph over which the sets are taken: signing it rules out that
/// two devices mean the same sets of different graphs.
/// </summary>
internal sealed record ConsistencyBody(byte[] View, byte[] SharedRoot, byte[] ReportedRoot, int Reported) : IMessageBody<ConsistencyBody>
{
    public const int Length = 3 * 32 + 4;

    public static MessageType Type => MessageType.Consistency;

    public static long MaximumLength(RoundConfiguration configuration) => Length;

    public static ConsistencyBody Of(byte[] view, SurvivorsBody survivors, IReadOnlyList<DeviceId> members) =>
        new(view, survivors.Shared.Root(members), survivors.Reported.Root(members), survivors.Reported.Count);

    public static ConsistencyBody Read(ref SealReader reader) => new(
        reader.ReadFixed(32).ToArray(), reader.ReadFixed(32).ToArray(), reader.ReadFixed(32).ToArray(), reader.ReadInt32());

    public void Write(SealWriter writer)
    {
        writer.WriteFixed(View);
        writer.WriteFixed(SharedRoot);
        writer.WriteFixed(ReportedRoot);
        writer.WriteInt32(Reported);
    }
}

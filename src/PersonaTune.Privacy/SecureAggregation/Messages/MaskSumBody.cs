using PersonaTune.Privacy.Sealing;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.Messages;

/// <summary>Which of the proposed reports the helper accepted, the root over their ids, and the packed sum of their masks.</summary>
internal sealed record MaskSumBody(MemberSet Accepted, byte[] AcceptedRoot, byte[] Packed) : IMessageBody<MaskSumBody>
{
    public static MessageType Type => MessageType.MaskSum;

    public static long MaximumLength(RoundConfiguration configuration) =>
        MemberSet.EncodedLength(configuration.MaximumDevices) + MerkleTree.HashLength + 4 + configuration.PackedLength;

    public static MaskSumBody Read(ref SealReader reader) =>
        new(MemberSet.Read(ref reader), reader.ReadFixed(MerkleTree.HashLength).ToArray(), reader.ReadField().ToArray());

    public void Write(SealWriter writer)
    {
        Accepted.Write(writer);
        writer.WriteFixed(AcceptedRoot);
        writer.WriteField(Packed);
    }
}

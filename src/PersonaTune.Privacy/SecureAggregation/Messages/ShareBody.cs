using PersonaTune.Privacy.Sealing;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.Messages;

/// <summary>
/// A device's boxes for its neighbours in ascending order, the commitment to its seed, and the digest of roster, openings and graph
/// as it sees them.
/// </summary>
internal sealed record ShareBody(byte[] View, byte[] SeedCommitment, IReadOnlyList<byte[]> Boxes) : IMessageBody<ShareBody>
{
    public static MessageType Type => MessageType.Share;

    public static long MaximumLength(RoundConfiguration configuration) => 32 + 32 + 4 + (long)SharePair.BoxLength * configuration.Degree;

    public static ShareBody Read(ref SealReader reader)
    {
        var (view, commitment) = (reader.ReadFixed(32).ToArray(), reader.ReadFixed(32).ToArray());
        var boxes = new byte[reader.ReadCount(SharePair.BoxLength)][];
        for (var i = 0; i < boxes.Length; i++) boxes[i] = reader.ReadFixed(SharePair.BoxLength).ToArray();
        return new ShareBody(view, commitment, boxes);
    }

    public void Write(SealWriter writer)
    {
        writer.WriteFixed(View);
        writer.WriteFixed(SeedCommitment);
        writer.WriteInt32(Boxes.Count);
        foreach (var box in Boxes) writer.WriteFixed(box);
    }
}

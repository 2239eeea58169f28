using PersonaTune.Privacy.Sealing;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.Messages;

/// <summary>
/// The boxes for one device from those of its neighbours that shared: each with the sender's number among the members,
/// ascending.
/// </summary>
internal sealed record BoxesBody(IReadOnlyList<(int Sender, byte[] Box)> Boxes) : IMessageBody<BoxesBody>
{
    public static MessageType Type => MessageType.Boxes;

    public static long MaximumLength(RoundConfiguration configuration) => 4 + (4L + SharePair.BoxLength) * configuration.Degree;

    public static BoxesBody Read(ref SealReader reader)
    {
        var boxes = new (int, byte[])[reader.ReadCount(4 + SharePair.BoxLength)];
        for (var i = 0; i < boxes.Length; i++) boxes[i] = (reader.ReadInt32(), reader.ReadFixed(SharePair.BoxLength).ToArray());
        return new BoxesBody(boxes);
    }

    public void Write(SealWriter writer)
    {
        writer.WriteInt32(Boxes.Count);
        foreach (var (sender, box) in Boxes)
        {
            writer.WriteInt32(sender);
            writer.WriteFixed(box);
        }
    }
}

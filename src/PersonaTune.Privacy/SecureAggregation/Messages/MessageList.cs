using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Privacy.SecureAggregation.Messages;

/// <summary>Whole signed messages inside another message: a count, then each as a field.</summary>
internal static class MessageList
{
    public static long MaximumLength(int count, long body) => 4 + count * (4 + SignedMessage.Overhead + body);

    public static IReadOnlyList<SignedMessage> Read(ref SealReader reader)
    {
        var count = reader.ReadCount(4 + SignedMessage.Overhead);
        var messages = new SignedMessage[count];
        for (var i = 0; i < count; i++) messages[i] = SignedMessage.Parse(reader.ReadField().ToArray());
        return messages;
    }

    public static void Write(IReadOnlyList<SignedMessage> messages, SealWriter writer)
    {
        writer.WriteInt32(messages.Count);
        foreach (var message in messages) writer.WriteField(message.Bytes.Span);
    }
}

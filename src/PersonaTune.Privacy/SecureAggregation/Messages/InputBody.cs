using PersonaTune.Privacy.Sealing;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.Messages;

/// <summary>
/// One chunk of a packed masked report: number and content. All chunks but the last have 1 MiB, so that number and length follow
/// from the configuration and a device can send any chunk again.
/// </summary>
internal sealed record InputBody(int Index, byte[] Content) : IMessageBody<InputBody>
{
    public const int ChunkLength = 1 << 20;

    public static MessageType Type => MessageType.Input;

    public static long MaximumLength(RoundConfiguration configuration) => 4 + 4 + Math.Min(ChunkLength, configuration.PackedLength);

    public static int Chunks(RoundConfiguration configuration) => (configuration.PackedLength + ChunkLength - 1) / ChunkLength;

    /// <summary>Where chunk <paramref name="index"/> lies in the packed report.</summary>
    public static Range Slice(RoundConfiguration configuration, int index) =>
        (index * ChunkLength)..Math.Min(configuration.PackedLength, (index + 1) * ChunkLength);

    /// <summary>The chunks of a packed report.</summary>
    public static IEnumerable<InputBody> Cut(byte[] packed, RoundConfiguration configuration) =>
        Enumerable.Range(0, Chunks(configuration)).Select(index => new InputBody(index, packed[Slice(configuration, index)]));

    public static InputBody Read(ref SealReader reader) => new(reader.ReadInt32(), reader.ReadField().ToArray());

    public void Write(SealWriter writer)
    {
        writer.WriteInt32(Index);
        writer.WriteField(Content);
    }
}

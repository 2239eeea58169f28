using PersonaTune.Privacy.Sealing;
using PersonaTune.Privacy.SecureAggregation.Identity;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.Messages;

/// <summary>
/// With two servers: the seed of a report's mask, sealed to the helper for one session and device (HPKE); the SHA-256 of the packed
/// masked report that it belongs to; the device's certificate. The leader passes it on as it is.
/// </summary>
internal sealed record SealedSeedBody(byte[] Seed, byte[] ReportDigest, byte[] Certificate) : IMessageBody<SealedSeedBody>
{
    public const int SealedLength = MaskStream.KeyLength + Hpke.Overhead;

    public static MessageType Type => MessageType.SealedSeed;

    public static long MaximumLength(RoundConfiguration configuration) => SealedLength + 32 + 4 + DeviceCertificate.MaximumLength;

    /// <summary>The purpose that the seal is bound to, besides the device's id as associated data.</summary>
    public static byte[] Purpose(SessionId session) => [.. "PT-SA/1 two servers"u8, .. session.ToArray()];

    public static SealedSeedBody Read(ref SealReader reader) =>
        new(reader.ReadFixed(SealedLength).ToArray(), reader.ReadFixed(32).ToArray(), reader.ReadField().ToArray());

    public void Write(SealWriter writer)
    {
        writer.WriteFixed(Seed);
        writer.WriteFixed(ReportDigest);
        writer.WriteField(Certificate);
    }
}

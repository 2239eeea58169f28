using PersonaTune.Privacy.Sealing;
using PersonaTune.Privacy.SecureAggregation.Identity;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.Messages;

/// <summary>A device's ephemeral public keys M (masks) and E (boxes), the commitment to its nonce, and its certificate.</summary>
internal sealed record AdvertiseBody(byte[] MaskKey, byte[] BoxKey, byte[] NonceCommitment, byte[] Certificate)
    : IMessageBody<AdvertiseBody>
{
    public static MessageType Type => MessageType.Advertise;

    public static long MaximumLength(RoundConfiguration configuration) => 2 * P256Point.Length + 32 + 4 + DeviceCertificate.MaximumLength;

    public static AdvertiseBody Read(ref SealReader reader) => new(
        reader.ReadFixed(P256Point.Length).ToArray(),
        reader.ReadFixed(P256Point.Length).ToArray(),
        reader.ReadFixed(32).ToArray(),
        reader.ReadField().ToArray());

    public void Write(SealWriter writer)
    {
        writer.WriteFixed(MaskKey);
        writer.WriteFixed(BoxKey);
        writer.WriteFixed(NonceCommitment);
        writer.WriteField(Certificate);
    }
}

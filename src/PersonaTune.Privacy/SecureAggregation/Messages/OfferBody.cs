using PersonaTune.Privacy.Sealing;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.Messages;

/// <summary>The configuration and the server's nonce, which together give the session id.</summary>
internal sealed record OfferBody(RoundConfiguration Configuration, byte[] Nonce) : IMessageBody<OfferBody>
{
    public static MessageType Type => MessageType.Offer;

    public static long MaximumLength(RoundConfiguration configuration) => RoundConfiguration.MaximumEncodedLength;

    public static OfferBody Read(ref SealReader reader) =>
        new(RoundConfiguration.Read(ref reader), reader.ReadFixed(SessionId.NonceLength).ToArray());

    public void Write(SealWriter writer)
    {
        Configuration.Write(writer);
        writer.WriteFixed(Nonce);
    }
}

using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.Messages;

/// <summary>
/// What a server can say of a device's message without the round's state: whether its body has the form that the configuration asks for. For servers
/// that store messages before they are processed. Thread-safe.
/// </summary>
public static class DeviceMessage
{
    /// <summary>Checks the body and gives the number of the chunk that a masked input carries; 0 for every other message.</summary>
    /// <exception cref="RefusalException">The body is malformed, or no device sends such a message to a single server.</exception>
    public static int Inspect(SignedMessage message, RoundConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(configuration);
        switch (message.Type)
        {
            case MessageType.Advertise:
                _ = MessageCodec.Decode<AdvertiseBody>(message, configuration);
                return 0;
            case MessageType.Open:
                _ = MessageCodec.Decode<OpenBody>(message, configuration);
                return 0;
            case MessageType.Share:
                _ = MessageCodec.Decode<ShareBody>(message, configuration);
                return 0;
            case MessageType.Input:
                var input = MessageCodec.Decode<InputBody>(message, configuration);
                new InputAssembly(configuration).Check(message, input);
                return input.Index;
            case MessageType.Consistency:
                _ = MessageCodec.Decode<ConsistencyBody>(message, configuration);
                return 0;
            case MessageType.Unmask:
                _ = MessageCodec.Decode<UnmaskBody>(message, configuration);
                return 0;
            default:
                throw new RefusalException(
                    RefusalReason.UnexpectedMessage, $"{message.Type} of {message.Sender}", "devices do not send it; send the answer to the last message");
        }
    }

    /// <summary>What a server's offer is about, before anything of it is believed: verify the offer, and compare it with what was promised.</summary>
    /// <exception cref="RefusalException">It is no offer.</exception>
    public static RoundConfiguration ReadOffer(SignedMessage offer)
    {
        ArgumentNullException.ThrowIfNull(offer);
        if (offer.Type != MessageType.Offer) throw new RefusalException(RefusalReason.UnexpectedMessage, "offer", $"it is a {offer.Type}; ask for a seat again");
        return MessageCodec.Decode<OfferBody>(offer.Body.Span, "offer").Configuration;
    }

    /// <summary>The number of chunks of a report.</summary>
    public static int Chunks(RoundConfiguration configuration) => InputBody.Chunks(configuration);

    /// <summary>Where a chunk lies in the packed report.</summary>
    public static Range Chunk(RoundConfiguration configuration, int index) => InputBody.Slice(configuration, index);
}

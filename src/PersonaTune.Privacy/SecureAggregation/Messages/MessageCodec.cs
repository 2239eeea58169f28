using PersonaTune.Privacy.Sealing;
using PersonaTune.Privacy.SecureAggregation.Identity;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.Messages;

/// <summary>Bodies to signed messages and back. Whatever arrives, decoding gives a body or a <see cref="RefusalException"/>.</summary>
internal static class MessageCodec
{
    public static SignedMessage Sign<T>(T body, SessionId session, IMessageSigner signer)
        where T : IMessageBody<T> =>
        SignedMessage.Create(T.Type, session, Encode(body), signer);

    public static byte[] Encode<T>(T body)
        where T : IMessageBody<T>
    {
        using var writer = new SealWriter();
        body.Write(writer);
        return writer.ToArray();
    }

    public static T Decode<T>(SignedMessage message, RoundConfiguration configuration)
        where T : IMessageBody<T>
    {
        var subject = $"{T.Type} of {message.Sender}";
        if (message.Type != T.Type)
            throw new RefusalException(RefusalReason.UnexpectedMessage, subject, $"the message is of type {message.Type}; send {T.Type}");
        if (message.Body.Length > T.MaximumLength(configuration))
        {
            throw new RefusalException(
                RefusalReason.Malformed, subject,
                $"its body has {message.Body.Length} bytes, at most {T.MaximumLength(configuration)} are possible; drop it");
        }

        return Decode<T>(message.Body.Span, subject);
    }

    public static T Decode<T>(ReadOnlySpan<byte> body, string subject)
        where T : IMessageBody<T>
    {
        try
        {
            var reader = new SealReader(body, subject);
            var decoded = T.Read(ref reader);
            reader.End();
            return decoded;
        }
        catch (TamperedException e)
        {
            throw new RefusalException(RefusalReason.Malformed, e.Subject, e.Problem, e);
        }
        catch (ShareException e)
        {
            throw new RefusalException(RefusalReason.Malformed, subject, e.Message, e);
        }
    }
}

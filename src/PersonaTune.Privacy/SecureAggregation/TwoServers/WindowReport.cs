using PersonaTune.Privacy.SecureAggregation.Identity;
using PersonaTune.Privacy.SecureAggregation.Messages;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.TwoServers;

/// <summary>A device's report on its way to the leader: the verified seed message, then the chunks.</summary>
internal sealed record WindowReport(SignedMessage Seed, SealedSeedBody Body, IMessageVerifier Verifier, InputAssembly Input)
{
    public bool IsComplete { get; set; }

    /// <summary>Checks session, certificate and signature of a sealed seed; both servers do.</summary>
    public static WindowReport Verify(
        SignedMessage message, SessionId session, RoundConfiguration configuration, ICertificateValidator certificates, DateTimeOffset now)
    {
        var subject = $"{MessageType.SealedSeed} of {message.Sender}";
        if (message.Session != session)
            throw new RefusalException(RefusalReason.ForeignSession, subject, $"it belongs to session {message.Session}; drop it");
        var body = MessageCodec.Decode<SealedSeedBody>(message, configuration);
        var verifier = certificates.Validate(body.Certificate, now);
        if (verifier.Id != message.Sender)
            throw new RefusalException(
                RefusalReason.CertificateRefused, subject, $"its certificate names {verifier.Id}; drop it", culprits: [message.Sender]);
        message.EnsureSignedBy(verifier);
        return new WindowReport(message, body, verifier, new InputAssembly(configuration));
    }
}

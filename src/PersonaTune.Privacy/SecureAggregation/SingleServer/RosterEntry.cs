using System.Security.Cryptography;
using PersonaTune.Privacy.SecureAggregation.Identity;
using PersonaTune.Privacy.SecureAggregation.Messages;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.SingleServer;

/// <summary>One device of a roster, with its advertisement verified.</summary>
internal sealed record RosterEntry(SignedMessage Advertisement, AdvertiseBody Body, IMessageVerifier Verifier)
{
    public DeviceId Id => Advertisement.Sender;

    public byte[] IdBytes { get; } = Advertisement.Sender.ToArray();

    /// <summary>The roster tree's leaf: id, M, E, hash of the certificate, nonce commitment.</summary>
    public byte[] Leaf() => [.. IdBytes, .. Body.MaskKey, .. Body.BoxKey, .. SHA256.HashData(Body.Certificate), .. Body.NonceCommitment];

    public static RosterEntry Verify(
        SignedMessage advertisement, SessionId session, RoundConfiguration configuration, ICertificateValidator certificates,
        DateTimeOffset now)
    {
        var subject = $"advertisement of {advertisement.Sender}";
        if (advertisement.Session != session)
            throw new RefusalException(RefusalReason.ForeignSession, subject, $"it belongs to session {advertisement.Session}; drop it");
        var body = MessageCodec.Decode<AdvertiseBody>(advertisement, configuration);
        var verifier = certificates.Validate(body.Certificate, now);
        if (verifier.Id != advertisement.Sender)
        {
            throw new RefusalException(
                RefusalReason.CertificateRefused, subject, $"its certificate names {verifier.Id}; drop it",
                culprits: [advertisement.Sender]);
        }

        advertisement.EnsureSignedBy(verifier);
        try
        {
            P256Point.Validate(body.MaskKey);
            P256Point.Validate(body.BoxKey);
        }
        catch (InvalidPointException e)
        {
            throw new RefusalException(RefusalReason.InvalidPoint, subject, e.Problem, e, [advertisement.Sender]);
        }

        return new RosterEntry(advertisement, body, verifier);
    }
}

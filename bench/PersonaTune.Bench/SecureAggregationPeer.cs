using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using PersonaTune.Privacy.SecureAggregation;
using PersonaTune.Privacy.SecureAggregation.Identity;
using PersonaTune.Privacy.SecureAggregation.Messages;
using PersonaTune.Privacy.SecureAggregation.Rounds;
using PersonaTune.Privacy.SecureAggregation.SingleServer;

namespace PersonaTune.Bench;

/// <summary>
/// A device as the server sees it: real keys, certificate, signatures and shares. It saves what only devices would notice: it does
/// not check the roster, masks nothing, and fills its boxes with random bytes, except the one for the timed device.
/// </summary>
internal sealed class SecureAggregationPeer
{
    public static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly EphemeralKey _boxKey = EphemeralKey.Generate();
    private readonly byte[] _nonce = RandomNumberGenerator.GetBytes(32);
    private KeyShare[] _seedShares = [];
    private KeyShare[] _maskKeyShares = [];

    public SecureAggregationPeer(X509Certificate2 root)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=device", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        using var certificate = request.Create(root, Now.AddDays(-1), Now.AddDays(30), RandomNumberGenerator.GetBytes(12));
        Identity = new IdentityKey(key, certificate.RawData);
        IdBytes = Identity.Id.ToArray();
    }

    public IdentityKey Identity { get; }

    public byte[] IdBytes { get; }

    public EphemeralKey MaskKey { get; } = EphemeralKey.Generate();

    public byte[] Seed { get; } = RandomNumberGenerator.GetBytes(32);

    public static X509Certificate2 CreateRoot()
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=enrolment", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request.CreateSelfSigned(Now.AddYears(-1), Now.AddYears(5));
    }

    public ReadOnlyMemory<byte> Advertise(SessionId session) => MessageCodec.Sign(
        new AdvertiseBody(
            MaskKey.PublicKey.ToArray(), _boxKey.PublicKey.ToArray(), Commitment.ToNonce(session, Identity.Id, _nonce),
            Identity.Certificate.ToArray()),
        session, Identity).Bytes;

    public ReadOnlyMemory<byte> Open(SessionId session, byte[] rosterRoot) =>
        MessageCodec.Sign(new OpenBody(rosterRoot, _nonce), session, Identity).Bytes;

    public ReadOnlyMemory<byte> Share(SessionId session, Cohort cohort, int timed)
    {
        var neighbours = cohort.Neighbours(cohort.IndexOf(Identity.Id));
        _seedShares = ShamirSharing.Split(Seed, cohort.Threshold, neighbours.Length);
        _maskKeyShares = ShamirSharing.Split(MaskKey.Scalar, cohort.Threshold, neighbours.Length);
        var boxes = new byte[neighbours.Length][];
        for (var i = 0; i < boxes.Length; i++)
            boxes[i] = neighbours[i] == timed ? Box(i) : RandomNumberGenerator.GetBytes(SharePair.BoxLength);
        return MessageCodec.Sign(new ShareBody(cohort.View, Commitment.ToSeed(session, Identity.Id, Seed), boxes), session, Identity).Bytes;

        byte[] Box(int place)
        {
            var receiver = cohort.Members[timed];
            using var key = PairwiseKeys.BoxKey(_boxKey, receiver.Body.BoxKey, session.ToArray(), IdBytes, receiver.IdBytes);
            var pair = new SharePair(_seedShares[place], _maskKeyShares[place]);
            return ShareBox.Seal(key.Bytes, session.ToArray(), IdBytes, receiver.IdBytes, pair.ToBytes());
        }
    }

    public IEnumerable<ReadOnlyMemory<byte>> Upload(SessionId session, RoundConfiguration configuration, byte[] packed) =>
        InputBody.Cut(packed, configuration).Select(chunk => MessageCodec.Sign(chunk, session, Identity).Bytes);

    /// <summary>Answers with the shares that the other peers dealt, and with the timed device's out of its box.</summary>
    public ReadOnlyMemory<byte> Unmask(
        SessionId session, Cohort cohort, UnmaskRequestBody request, IReadOnlyDictionary<DeviceId, SecureAggregationPeer> peers, int timed,
        IReadOnlyList<byte[]> timedBoxes)
    {
        var self = cohort.IndexOf(Identity.Id);
        return MessageCodec.Sign(new UnmaskBody([.. request.Requests.Select(asked => (asked, Held(asked)))]), session, Identity).Bytes;

        KeyShare Held(ShareRequest asked)
        {
            var position = cohort.Position(asked.Owner, self);
            if (asked.Owner != timed)
            {
                var owner = peers[cohort.Ids[asked.Owner]];
                return (asked.Kind == ShareKind.Seed ? owner._seedShares : owner._maskKeyShares)[position - 1];
            }

            var sender = cohort.Members[timed];
            using var key = PairwiseKeys.BoxKey(_boxKey, sender.Body.BoxKey, session.ToArray(), sender.IdBytes, IdBytes);
            var pair = SharePair.Parse(
                ShareBox.Open(key.Bytes, session.ToArray(), sender.IdBytes, IdBytes, timedBoxes[position - 1]), position)!;
            return asked.Kind == ShareKind.Seed ? pair.Seed : pair.MaskKey;
        }
    }
}

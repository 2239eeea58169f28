using System.Security.Cryptography;
using PersonaTune.Privacy.Sealing;
using PersonaTune.Privacy.SecureAggregation.Messages;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.SingleServer;

public sealed partial class DeviceRound
{
    private byte[]? _nonce;
    private EphemeralKey? _maskKey;
    private EphemeralKey? _boxKey;
    private SecretKey? _seed;
    private SharePair?[] _held = []; // (neighbours), what each of them entrusted to this device; null where its box did not open

    private AdvertiseBody CreateKeys(SessionId session)
    {
        _nonce = new byte[OpenBody.NonceLength];
        _random.Fill(_nonce);
        _maskKey = EphemeralKey.Generate(_random);
        _boxKey = EphemeralKey.Generate(_random);
        _seed = SecretKey.Create(MaskStream.KeyLength, _random, static (bytes, random) => random.Fill(bytes));
        return new AdvertiseBody(
            _maskKey.PublicKey.ToArray(), _boxKey.PublicKey.ToArray(), Commitment.ToNonce(session, Id, _nonce),
            _identity.Certificate.ToArray());
    }

    private SignedMessage Share(OpeningsBody body)
    {
        var cohort = Cohort.Build(_roster!, body, Session!.Value, Configuration);
        _self = cohort.IndexOf(Id);
        if (_self < 0) throw Refuse(RefusalReason.NotInRoster, "the server says that this device did not open its nonce; leave the round");
        _policy.CheckGraph(Configuration, cohort.Members.Count, cohort.Graph.Degree, cohort.Threshold);
        (_cohort, _neighbours) = (cohort, cohort.Neighbours(_self));
        var commitment = Commitment.ToSeed(Session.Value, Id, _seed!.Bytes);
        Take(OneTimeStep.Share, commitment);
        var answer = MessageCodec.Sign(new ShareBody(cohort.View, commitment, SealShares(cohort)), Session.Value, _identity);
        Stage = DeviceStage.Shared;
        return answer;
    }

    private byte[][] SealShares(Cohort cohort)
    {
        var seeds = ShamirSharing.Split(_seed!.Bytes, cohort.Threshold, _neighbours.Length, _random);
        var maskKeys = ShamirSharing.Split(_maskKey!.Scalar, cohort.Threshold, _neighbours.Length, _random);
        var (sid, own) = (Session!.Value.ToArray(), cohort.Members[_self].IdBytes);
        var boxes = new byte[_neighbours.Length][];
        for (var i = 0; i < boxes.Length; i++)
        {
            var peer = cohort.Members[_neighbours[i]];
            using var pair = new SharePair(seeds[i], maskKeys[i]);
            using var key = PairwiseKeys.BoxKey(_boxKey!, peer.Body.BoxKey, sid, own, peer.IdBytes);
            var plaintext = pair.ToBytes();
            boxes[i] = ShareBox.Seal(key.Bytes, sid, own, peer.IdBytes, plaintext);
            CryptographicOperations.ZeroMemory(plaintext);
        }

        return boxes;
    }

    // A box that does not open costs its sender one share, not this device the round: else one bad neighbour could stop k devices.
    private SharePair? OpenBox(int sender, byte[] box)
    {
        var peer = _cohort!.Members[sender];
        var (sid, own) = (Session!.Value.ToArray(), _cohort.Members[_self].IdBytes);
        using var key = PairwiseKeys.BoxKey(_boxKey!, peer.Body.BoxKey, sid, peer.IdBytes, own);
        byte[] plaintext;
        try
        {
            plaintext = ShareBox.Open(key.Bytes, sid, peer.IdBytes, own, box);
        }
        catch (ShareBoxException)
        {
            return null;
        }

        var pair = SharePair.Parse(plaintext, _cohort.Position(sender, _self));
        CryptographicOperations.ZeroMemory(plaintext);
        return pair;
    }

    private void EraseReportKeys()
    {
        _maskKey?.Dispose();
        _boxKey?.Dispose();
        _seed?.Dispose();
    }

    private void EraseKeys()
    {
        EraseReportKeys();
        foreach (var pair in _held) pair?.Dispose();
        _held = [];
    }
}

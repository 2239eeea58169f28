using System.Security.Cryptography;
using PersonaTune.Privacy.SecureAggregation.Messages;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.SingleServer;

public sealed partial class DeviceRound
{
    private SignedMessage Confirm(SurvivorsBody survivors)
    {
        var count = _cohort!.Members.Count;
        if (survivors.Shared.Universe != count || !survivors.Reported.IsSubsetOf(survivors.Shared))
            throw Refuse(RefusalReason.InconsistentSurvivors, "the reports are not among the devices that shared; leave the round");
        if (!survivors.Reported[_self]) throw Refuse(RefusalReason.NotInRoster, "this device's report is missing; leave the round");
        if (survivors.Reported.Count < Configuration.MinimumDevices)
        {
            throw Refuse(
                RefusalReason.TooFewSurvivors,
                $"expected at least {Configuration.MinimumDevices} reports, got {survivors.Reported.Count}; wait for the next round");
        }

        if (_neighbours.Any(neighbour => survivors.Shared[neighbour] != _senders![neighbour]))
            throw Refuse(RefusalReason.InconsistentSurvivors, "other neighbours shared than those whose boxes arrived; leave the round");
        var agreed = ConsistencyBody.Of(_cohort.View, survivors, _cohort.Ids);
        Take(OneTimeStep.Confirm, SHA256.HashData(MessageCodec.Encode(agreed)));
        (_agreed, _survivors, Stage) = (agreed, survivors, DeviceStage.Confirmed);
        return MessageCodec.Sign(agreed, Session!.Value, _identity);
    }

    private SignedMessage Unmask(UnmaskRequestBody body)
    {
        CheckCertificate(body);
        CheckRequests(body.Requests);
        Take(OneTimeStep.Unmask, SHA256.HashData(MessageCodec.Encode(body)));
        var shares = new List<(ShareRequest, KeyShare)>();
        foreach (var request in body.Requests)
        {
            if (_held[Array.BinarySearch(_neighbours, request.Owner)] is { } pair)
                shares.Add((request, request.Kind == ShareKind.Seed ? pair.Seed : pair.MaskKey));
        }

        var answer = MessageCodec.Sign(new UnmaskBody(shares), Session!.Value, _identity);
        Stage = DeviceStage.Finished;
        Leave();
        return answer;
    }

    private void CheckCertificate(UnmaskRequestBody body)
    {
        var agreed = MessageCodec.Encode(_agreed!);
        if (!MessageCodec.Encode(body.Agreed).AsSpan().SequenceEqual(agreed))
            throw Refuse(RefusalReason.TwoRoots, "the certificate is for other sets than those this device signed; leave the round");
        if (body.Certificate.Count < _cohort!.Quorum)
            throw Refuse(
                RefusalReason.SubQuorum, $"expected at least {_cohort.Quorum} signatures, got {body.Certificate.Count}; leave the round");
        var last = -1;
        foreach (var (member, signature) in body.Certificate)
        {
            if (member <= last)
                throw Refuse(RefusalReason.CertificateForged, "its signers are not distinct and ascending; leave the round");
            last = member;
            if (member >= _cohort.Members.Count || !_survivors!.Reported[member])
                throw Refuse(RefusalReason.CertificateForged, $"member {member} did not report and cannot have signed; leave the round");
            var digest = SignedMessage.DigestOf(MessageType.Consistency, Session!.Value, _cohort.Ids[member], agreed);
            if (!_cohort.Members[member].Verifier.Verify(digest, signature))
                throw Refuse(RefusalReason.CertificateForged, $"the signature of {_cohort.Ids[member]} does not verify; leave the round");
        }
    }

    // Either share alone is harmless: b opens what the pairwise masks still cover, M what b still covers. Together they open a report.
    private void CheckRequests(IReadOnlyList<ShareRequest> requests)
    {
        var last = -1;
        foreach (var (owner, kind) in requests)
        {
            if (owner == _self)
                throw Refuse(RefusalReason.OwnShareRequested, "a share of this device's own secret is requested; leave the round");
            if (owner == last) throw Refuse(RefusalReason.BothSharesRequested, $"member {owner} is asked for twice; leave the round");
            if (owner < last) throw Refuse(RefusalReason.Malformed, "the requests are not in ascending order; leave the round");
            last = owner;
            if (Array.BinarySearch(_neighbours, owner) < 0)
                throw Refuse(RefusalReason.NotNeighbour, $"a share of member {owner} is requested, which is no neighbour; leave the round");
            if (!_survivors!.Shared[owner])
                throw Refuse(RefusalReason.WrongShareRequested, $"member {owner} shared nothing; leave the round");
            var expected = _survivors.Reported[owner] ? ShareKind.Seed : ShareKind.MaskKey;
            if (kind != expected)
            {
                throw Refuse(
                    RefusalReason.WrongShareRequested,
                    $"expected a request for the {expected} share of member {owner}, got {kind}; leave the round");
            }
        }
    }
}

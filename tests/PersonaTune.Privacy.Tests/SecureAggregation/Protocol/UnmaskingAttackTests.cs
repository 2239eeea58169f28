using PersonaTune.Privacy.SecureAggregation;
using PersonaTune.Privacy.SecureAggregation.Messages;
using PersonaTune.Privacy.SecureAggregation.SingleServer;

namespace PersonaTune.Privacy.Tests.SecureAggregation.Protocol;

/// <summary>What a device must not sign and must not reveal.</summary>
public sealed class UnmaskingAttackTests : IDisposable
{
    private const int Count = 6;

    // Two devices are lost: one before its report arrives, one before it shares.
    private readonly RoundSimulation _simulation = new(TestRounds.Of(3, Count, 3), Count, 31, new DropPlan(
        [null, null, null, null, MessageType.Boxes, MessageType.Openings]));

    public void Dispose() => _simulation.Dispose();

    [Fact]
    public void The_honest_round_is_exact() => _simulation.AssertExact(_simulation.Run());

    [Fact]
    public void A_second_set_of_survivors_is_not_signed()
    {
        _simulation.RunTo(RoundStage.Confirming);
        _simulation.Answer(0);
        var other = _simulation.Rewrite<SurvivorsBody>(0, body => body with { Reported = Without(body.Reported, Number(1)) });
        Refuses(RefusalReason.TwoRoots, other);
        Assert.Equal(DeviceStage.Refused, _simulation.Devices[0].Stage);
    }

    [Fact]
    public void The_same_survivors_get_the_same_signature()
    {
        _simulation.RunTo(RoundStage.Confirming);
        Assert.Equal(_simulation.Answer(0), _simulation.Answer(0));
    }

    [Fact]
    public void Survivors_without_the_device_are_not_signed() =>
        RefusesSurvivors(RefusalReason.NotInRoster, body => body with { Reported = Without(body.Reported, Number(0)) });

    [Fact]
    public void Survivors_below_the_minimum_are_not_signed() => RefusesSurvivors(
        RefusalReason.TooFewSurvivors, body => body with { Reported = Without(Without(body.Reported, Number(1)), Number(2)) });

    [Fact]
    public void A_survivor_that_did_not_share_is_not_signed() => RefusesSurvivors(RefusalReason.InconsistentSurvivors, body => body with
    {
        Reported = MemberSet.Of(Count, body.Reported.Members().Append(Number(5))),
    });

    [Fact]
    public void Other_sharers_than_those_whose_boxes_came_are_not_signed() => RefusesSurvivors(
        RefusalReason.InconsistentSurvivors, body => body with
        {
            Shared = MemberSet.Of(Count, body.Shared.Members().Append(Number(5))),
        });

    [Fact]
    public void A_certificate_below_the_quorum_reveals_nothing() => RefusesRequest(
        RefusalReason.SubQuorum, body => body with { Certificate = [.. body.Certificate.Skip(1)] });

    [Fact]
    public void A_repeated_signature_does_not_count_twice() => RefusesRequest(
        RefusalReason.CertificateForged,
        body => body with { Certificate = [body.Certificate[0], .. body.Certificate.Take(body.Certificate.Count - 1)] });

    [Fact]
    public void A_forged_signature_reveals_nothing() => RefusesRequest(RefusalReason.CertificateForged, body =>
    {
        var certificate = body.Certificate.Select(pair => (pair.Member, Signature: pair.Signature.ToArray())).ToArray();
        certificate[^1].Signature[5] ^= 1;
        return body with { Certificate = certificate };
    });

    [Fact]
    public void A_signature_by_a_device_that_did_not_report_reveals_nothing()
    {
        _simulation.RunTo(RoundStage.Unmasking);
        var agreed = Request(0).Agreed;
        var signed = MessageCodec.Sign(agreed, _simulation.Server.Session, _simulation.Identities[4]).Signature.ToArray();
        RefusesRequest(RefusalReason.CertificateForged, body => body with
        {
            Certificate = [.. body.Certificate.Skip(1).Append((Number(4), signed)).OrderBy(pair => pair.Item1)],
        });
    }

    [Fact]
    public void A_certificate_over_other_roots_reveals_nothing() => RefusesRequest(RefusalReason.TwoRoots, body =>
    {
        var agreed = body.Agreed with { ReportedRoot = new byte[32] };
        // Even though every device of the quorum signed it.
        var certificate = body.Certificate.Select(pair => (
            pair.Member,
            MessageCodec.Sign(agreed, _simulation.Server.Session, _simulation.Identities[DeviceAt(pair.Member)]).Signature.ToArray()));
        return body with { Agreed = agreed, Certificate = [.. certificate] };
    });

    [Fact]
    public void A_share_of_the_device_s_own_secret_is_not_given() => RefusesRequest(RefusalReason.OwnShareRequested, body => body with
    {
        Requests = [.. body.Requests.Append(new ShareRequest(Number(0), ShareKind.Seed)).OrderBy(request => request.Owner)],
    });

    [Fact]
    public void Both_shares_of_a_peer_are_not_given() => RefusesRequest(RefusalReason.BothSharesRequested, body => body with
    {
        Requests = [.. body.Requests.Append(new ShareRequest(Number(1), ShareKind.MaskKey)).OrderBy(request => request.Owner)],
    });

    [Fact]
    public void The_mask_key_of_a_survivor_is_not_given() => RefusesRequest(
        RefusalReason.WrongShareRequested, body => body with { Requests = [.. body.Requests.Select(request => Swap(request, Number(1)))] });

    [Fact]
    public void The_seed_of_a_device_that_dropped_out_is_not_given() => RefusesRequest(
        RefusalReason.WrongShareRequested, body => body with { Requests = [.. body.Requests.Select(request => Swap(request, Number(4)))] });

    [Fact]
    public void A_share_of_a_device_that_shared_nothing_is_not_given() => RefusesRequest(
        RefusalReason.WrongShareRequested, body => body with
        {
            Requests = [.. body.Requests.Append(new ShareRequest(Number(5), ShareKind.MaskKey)).OrderBy(request => request.Owner)],
        });

    [Fact]
    public void A_share_of_a_stranger_is_not_given() => RefusesRequest(RefusalReason.NotNeighbour, body => body with
    {
        Requests = [.. body.Requests, new ShareRequest(Count, ShareKind.Seed)],
    });

    [Fact]
    public void Nothing_is_given_twice()
    {
        _simulation.RunTo(RoundStage.Unmasking);
        _simulation.Answer(0);
        Assert.Equal(DeviceStage.Finished, _simulation.Devices[0].Stage);
        RoundSimulation.AssertRefused(RefusalReason.RoundOver, () => _simulation.Answer(0));
    }

    [Fact]
    public void A_request_before_the_survivors_is_out_of_order()
    {
        _simulation.RunTo(RoundStage.Confirming);
        var early = new UnmaskRequestBody(new ConsistencyBody(new byte[32], new byte[32], new byte[32], 4), [], []);
        RoundSimulation.AssertRefused(RefusalReason.UnexpectedMessage, () => _simulation.Devices[0].Receive(
            MessageCodec.Sign(early, _simulation.Server.Session, _simulation.ServerKey).Bytes, _simulation.Now));
        Assert.Equal(DeviceStage.Reported, _simulation.Devices[0].Stage);
    }

    private void RefusesSurvivors(RefusalReason reason, Func<SurvivorsBody, SurvivorsBody> change)
    {
        _simulation.RunTo(RoundStage.Confirming);
        Refuses(reason, _simulation.Rewrite(0, change));
    }

    private void RefusesRequest(RefusalReason reason, Func<UnmaskRequestBody, UnmaskRequestBody> change)
    {
        _simulation.RunTo(RoundStage.Unmasking);
        Refuses(reason, _simulation.Rewrite(0, change));
        Assert.Equal(DeviceStage.Refused, _simulation.Devices[0].Stage);
    }

    private void Refuses(RefusalReason reason, ReadOnlyMemory<byte> message) =>
        RoundSimulation.AssertRefused(reason, () => _simulation.Devices[0].Receive(message, _simulation.Now));

    private UnmaskRequestBody Request(int device) => MessageCodec.Decode<UnmaskRequestBody>(
        SignedMessage.Parse(_simulation.Server.Outbox.Single(message => message.To == _simulation.Identities[device].Id).Bytes),
        _simulation.Configuration);

    /// <summary>The member number of a device: all opened their nonces, so that it is its place in the order of ids.</summary>
    private int Number(int device) =>
        _simulation.Identities.Select(identity => identity.Id).Order().ToList().IndexOf(_simulation.Identities[device].Id);

    private int DeviceAt(int number) =>
        _simulation.IndexOf(_simulation.Identities.Select(identity => identity.Id).Order().ElementAt(number));

    private static MemberSet Without(MemberSet set, int member) =>
        MemberSet.Of(set.Universe, set.Members().Where(other => other != member));

    private static ShareRequest Swap(ShareRequest request, int owner) => request.Owner != owner
        ? request
        : request with { Kind = request.Kind == ShareKind.Seed ? ShareKind.MaskKey : ShareKind.Seed };
}

using PersonaTune.Privacy.SecureAggregation;
using PersonaTune.Privacy.SecureAggregation.Identity;
using PersonaTune.Privacy.SecureAggregation.Messages;
using PersonaTune.Privacy.SecureAggregation.Rounds;
using PersonaTune.Privacy.SecureAggregation.SingleServer;

namespace PersonaTune.Privacy.Tests.SecureAggregation.Protocol;

/// <summary>Rosters and openings that a device must not accept.</summary>
public sealed class RosterAttackTests : IDisposable
{
    private const int Count = 5;

    private readonly RoundSimulation _simulation = new(TestRounds.Of(4, 6, 3), Count, 21);

    public void Dispose() => _simulation.Dispose();

    [Fact]
    public void A_roster_below_the_minimum_is_refused() =>
        Refuses(RefusalReason.RosterTooSmall, roster => [.. Without(roster, 1, 2)]);

    [Fact]
    public void A_roster_above_the_maximum_is_refused()
    {
        _simulation.RunTo(RoundStage.Opening);
        var padded = _simulation.Rewrite<RosterBody>(
            0, body => new([.. body.Advertisements, body.Advertisements[0], body.Advertisements[0]]));
        RoundSimulation.AssertRefused(RefusalReason.Malformed, () => _simulation.Devices[0].Receive(padded, _simulation.Now));
    }

    [Fact]
    public void A_roster_without_the_device_is_refused() => Refuses(RefusalReason.NotInRoster, roster => [.. Without(roster, 0)]);

    [Fact]
    public void One_identity_twice_is_refused() => Refuses(RefusalReason.DuplicateIdentity, roster => [roster[0], .. roster]);

    [Fact]
    public void Another_order_is_refused() => Refuses(RefusalReason.Malformed, roster => [.. roster.Reverse()]);

    [Fact]
    public void A_key_that_stands_twice_is_refused()
    {
        var stolen = Advertisement(1).MaskKey;
        Refuses(RefusalReason.DuplicateKey, roster => Replace(roster, 2, body => body with { MaskKey = stolen }));
    }

    [Fact]
    public void A_key_in_both_roles_is_refused() =>
        Refuses(RefusalReason.DuplicateKey, roster => Replace(roster, 2, body => body with { MaskKey = body.BoxKey }));

    [Fact]
    public void The_device_s_own_key_under_another_identity_is_refused()
    {
        var own = Advertisement(0);
        Refuses(RefusalReason.ReflectedKey, roster => Replace(roster, 2, body => body with { BoxKey = own.MaskKey }));
    }

    [Fact]
    public void An_own_entry_that_was_changed_is_refused()
    {
        using var fresh = EphemeralKey.Generate();
        var key = fresh.PublicKey.ToArray();
        Refuses(RefusalReason.ReflectedKey, roster => Replace(roster, 0, body => body with { MaskKey = key }));
    }

    [Fact]
    public void A_key_off_the_curve_is_refused() => Refuses(RefusalReason.InvalidPoint, roster => Replace(roster, 1, body =>
    {
        var key = body.MaskKey.ToArray();
        key[64] ^= 1;
        return body with { MaskKey = key };
    }));

    [Fact]
    public void A_certificate_of_another_authority_is_refused()
    {
        using var root = Fleet.CreateRoot("enrolment");
        using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        using var stranger = new IdentityKey(key, Fleet.Issue(root, key));
        var forged = MessageCodec.Sign(
            Advertisement(1) with { Certificate = stranger.Certificate.ToArray() }, _simulation.Server.Session, stranger);
        Refuses(RefusalReason.CertificateRefused, roster => [.. Without(roster, 1).Append(forged).OrderBy(entry => entry.Sender)]);
    }

    [Fact]
    public void A_certificate_of_another_device_is_refused()
    {
        var borrowed = Fleet.Device(2).Certificate.ToArray();
        Refuses(RefusalReason.CertificateRefused, roster => Replace(roster, 1, body => body with { Certificate = borrowed }));
    }

    [Fact]
    public void An_advertisement_whose_signature_is_wrong_is_refused() => Refuses(RefusalReason.WrongSignature, roster =>
    {
        var bytes = roster[1].Bytes.ToArray();
        bytes[^1] ^= 1;
        return [.. roster.Select((entry, i) => i == 1 ? SignedMessage.Parse(bytes) : entry)];
    }, device: Last());

    [Fact]
    public void An_advertisement_of_another_session_is_refused()
    {
        var foreign = SessionId.Derive(TestRounds.Of(3, 5, 3), new byte[32]);
        var replayed = MessageCodec.Sign(Advertisement(1), foreign, _simulation.Identities[1]);
        Refuses(RefusalReason.ForeignSession, roster => [.. Without(roster, 1).Append(replayed).OrderBy(entry => entry.Sender)]);
    }

    [Fact]
    public void A_nonce_that_does_not_fit_its_commitment_is_refused() => RefusesOpenings(RefusalReason.NonceMismatch, body =>
    {
        var nonces = body.Nonces.ToArray();
        nonces[^1] = [.. nonces[^1]];
        nonces[^1][0] ^= 1;
        return body with { Nonces = nonces };
    });

    [Fact]
    public void Openings_without_the_device_are_refused() => RefusesOpenings(RefusalReason.NotInRoster, body => Close(body, 0));

    [Fact]
    public void Openings_of_fewer_than_the_minimum_are_refused() =>
        RefusesOpenings(RefusalReason.RosterTooSmall, body => Close(Close(body, 1), 2));

    [Fact]
    public void Openings_of_another_roster_are_refused() => RefusesOpenings(
        RefusalReason.Malformed, body => new OpeningsBody(MemberSet.Of(6, body.Opened.Members()), body.Nonces));

    [Fact]
    public void A_server_s_message_with_another_signature_changes_nothing()
    {
        _simulation.RunTo(RoundStage.Opening);
        using var stranger = IdentityKey.Generate();
        var message = SignedMessage.Parse(_simulation.Server.Outbox[0].Bytes);
        var forged = MessageCodec.Sign(
            MessageCodec.Decode<RosterBody>(message, _simulation.Configuration), _simulation.Server.Session, stranger);
        RoundSimulation.AssertRefused(RefusalReason.WrongSignature, () => _simulation.Devices[0].Receive(forged.Bytes, _simulation.Now));
        _simulation.AssertExact(_simulation.Run());
    }

    private void Refuses(
        RefusalReason reason, Func<IReadOnlyList<SignedMessage>, IReadOnlyList<SignedMessage>> change, int device = 0)
    {
        _simulation.RunTo(RoundStage.Opening);
        var message = _simulation.Rewrite<RosterBody>(device, body => new RosterBody(change(body.Advertisements)));
        RoundSimulation.AssertRefused(reason, () => _simulation.Devices[device].Receive(message, _simulation.Now));
        Assert.Equal(DeviceStage.Refused, _simulation.Devices[device].Stage);
    }

    private void RefusesOpenings(RefusalReason reason, Func<OpeningsBody, OpeningsBody> change)
    {
        _simulation.RunTo(RoundStage.Sharing);
        var message = _simulation.Rewrite(0, change);
        RoundSimulation.AssertRefused(reason, () => _simulation.Devices[0].Receive(message, _simulation.Now));
        Assert.Equal(DeviceStage.Refused, _simulation.Devices[0].Stage);
    }

    /// <summary>The body with one device's nonce held back.</summary>
    private OpeningsBody Close(OpeningsBody body, int device)
    {
        var place = _simulation.Identities.Select(identity => identity.Id).Order().ToList().IndexOf(_simulation.Identities[device].Id);
        var kept = body.Opened.Members().Index().Where(pair => pair.Item != place).ToArray();
        return new OpeningsBody(MemberSet.Of(Count, kept.Select(pair => pair.Item)), [.. kept.Select(pair => body.Nonces[pair.Index])]);
    }

    // The device that is not second in the roster, so that its own entry is intact.
    private int Last() => _simulation.IndexOf(_simulation.Identities.Max(identity => identity.Id));

    private AdvertiseBody Advertisement(int device)
    {
        _simulation.RunTo(RoundStage.Opening);
        var roster = MessageCodec.Decode<RosterBody>(SignedMessage.Parse(_simulation.Server.Outbox[0].Bytes), _simulation.Configuration);
        var own = roster.Advertisements.Single(entry => entry.Sender == _simulation.Identities[device].Id);
        return MessageCodec.Decode<AdvertiseBody>(own, _simulation.Configuration);
    }

    private IEnumerable<SignedMessage> Without(IEnumerable<SignedMessage> roster, params int[] devices) =>
        roster.Where(entry => !devices.Contains(_simulation.IndexOf(entry.Sender)));

    private SignedMessage[] Replace(IReadOnlyList<SignedMessage> roster, int device, Func<AdvertiseBody, AdvertiseBody> change)
    {
        return [.. roster.Select(entry => entry.Sender == _simulation.Identities[device].Id ? Changed(entry) : entry)];

        SignedMessage Changed(SignedMessage entry) => MessageCodec.Sign(
            change(MessageCodec.Decode<AdvertiseBody>(entry, _simulation.Configuration)),
            _simulation.Server.Session, _simulation.Identities[device]);
    }
}

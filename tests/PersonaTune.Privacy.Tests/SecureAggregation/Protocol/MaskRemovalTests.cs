using PersonaTune.Privacy.SecureAggregation;
using PersonaTune.Privacy.SecureAggregation.Messages;
using PersonaTune.Privacy.SecureAggregation.Rounds;
using PersonaTune.Privacy.SecureAggregation.SingleServer;

namespace PersonaTune.Privacy.Tests.SecureAggregation.Protocol;

/// <summary>Defect 5 of the specification's list: unmasking that does not check that alive and dropped sets are disjoint.</summary>
public class MaskRemovalTests
{
    [Fact]
    public void A_member_that_is_alive_and_dropped_is_refused()
    {
        var (session, cohort) = Cohort();
        RoundSimulation.AssertRefused(
            RefusalReason.AliveAndDropped,
            () => _ = new MaskRemoval(session, cohort, MemberSet.Of(4, [0, 1, 2]), MemberSet.Of(4, [2, 3]), 1));
    }

    [Fact]
    public void Disjoint_sets_without_shares_are_refused_for_want_of_shares()
    {
        var (session, cohort) = Cohort();
        var removal = new MaskRemoval(session, cohort, MemberSet.Of(4, [0, 1, 2]), MemberSet.Of(4, [3]), 1);
        var sum = new uint[3];
        RoundSimulation.AssertRefused(RefusalReason.TooFewShares, () => removal.Apply(sum, _ => new byte[32]));
    }

    [Fact]
    public void A_share_of_the_other_kind_is_not_taken()
    {
        var (session, cohort) = Cohort();
        var removal = new MaskRemoval(session, cohort, MemberSet.Of(4, [0, 1, 2]), MemberSet.Of(4, [3]), 1);
        var share = new KeyShare(1, new ulong[5]);
        Assert.Throws<ArgumentException>(() => removal.Add(new ShareRequest(3, ShareKind.Seed), 0, share));
        Assert.Throws<ArgumentException>(() => removal.Add(new ShareRequest(0, ShareKind.MaskKey), 1, share));
    }

    private static (SessionId, Cohort) Cohort()
    {
        using var simulation = new RoundSimulation(TestRounds.Of(3, 4, 3), 4, 81);
        simulation.RunTo(RoundStage.Opening);
        var roster = MessageCodec.Decode<RosterBody>(SignedMessage.Parse(simulation.Server.Outbox[0].Bytes), simulation.Configuration);
        simulation.RunTo(RoundStage.Sharing);
        var openings = MessageCodec.Decode<OpeningsBody>(SignedMessage.Parse(simulation.Server.Outbox[0].Bytes), simulation.Configuration);
        var own = roster.Advertisements[0];
        return (simulation.Server.Session, PersonaTune.Privacy.SecureAggregation.SingleServer.Cohort.Build(
            Roster.Verify(roster, own, simulation.Configuration, simulation.Certificates, simulation.Now), openings,
            simulation.Server.Session, simulation.Configuration));
    }
}

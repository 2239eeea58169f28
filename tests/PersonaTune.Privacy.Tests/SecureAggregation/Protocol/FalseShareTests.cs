using PersonaTune.Privacy.SecureAggregation;
using PersonaTune.Privacy.SecureAggregation.Messages;
using PersonaTune.Privacy.SecureAggregation.Rounds;
using PersonaTune.Privacy.SecureAggregation.SingleServer;

namespace PersonaTune.Privacy.Tests.SecureAggregation.Protocol;

/// <summary>Shares that are not what their owners dealt: the sender is named and the sum is exact, or the round is refused.</summary>
public class FalseShareTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void One_false_share_is_corrected_and_its_sender_named(bool ofSurvivors)
    {
        // Threshold 4 of 8 or 7 shares: up to two false ones can be decoded.
        using var simulation = Simulation(4, 71);
        simulation.RunTo(RoundStage.Unmasking);
        Falsify(simulation, 2, ofSurvivors ? ShareKind.Seed : ShareKind.MaskKey, everyLimb: false);
        var result = simulation.Run();
        simulation.AssertExact(result);
        Assert.Equal([simulation.Identities[2].Id], result.Culprits);
    }

    [Fact]
    public void Two_liars_are_both_named()
    {
        using var simulation = Simulation(4, 72);
        simulation.RunTo(RoundStage.Unmasking);
        Falsify(simulation, 1, ShareKind.Seed);
        Falsify(simulation, 2, ShareKind.Seed);
        var result = simulation.Run();
        simulation.AssertExact(result);
        Assert.Equal(simulation.Identities[1..3].Select(identity => identity.Id).Order(), result.Culprits);
    }

    [Fact]
    public void More_liars_than_can_be_decoded_are_found_because_the_secret_is_recognised()
    {
        // Threshold 4 of 8 shares, three of them false: decoding stops at two, the search goes on.
        using var simulation = Simulation(4, 73);
        simulation.RunTo(RoundStage.Unmasking);
        for (var device = 1; device < 4; device++) Falsify(simulation, device, ShareKind.Seed);
        var result = simulation.Run();
        simulation.AssertExact(result);
        Assert.Equal(simulation.Identities[1..4].Select(identity => identity.Id).Order(), result.Culprits);
    }

    [Fact]
    public void Too_many_false_shares_end_the_round()
    {
        using var simulation = Simulation(6, 74);
        simulation.RunTo(RoundStage.Unmasking);
        for (var device = 1; device < 5; device++) Falsify(simulation, device, ShareKind.Seed);
        RoundSimulation.AssertRefused(RefusalReason.BadShares, () => simulation.Run());
        Assert.Equal(RoundStage.Abandoned, simulation.Server.Stage);
        Assert.Null(simulation.Server.Result);
    }

    [Fact]
    public void A_dealer_whose_shares_open_another_secret_is_named()
    {
        using var simulation = Simulation(4, 75);
        simulation.RunTo(RoundStage.Sharing);
        var lie = simulation.RewriteAnswer<ShareBody>(3, body => body with { SeedCommitment = new byte[32] });
        simulation.Server.Receive(lie, simulation.Now);
        // The simulation also delivers the honest answer, which the server refuses as a conflict; so deliver the others by hand.
        simulation.Deliver([.. simulation.Server.Outbox.Where(message => message.To != simulation.Identities[3].Id)]);
        simulation.Advance();
        var refusal = Assert.Throws<RefusalException>(() => simulation.Run());
        Assert.Equal(RefusalReason.BadShares, refusal.Reason);
        Assert.Equal([simulation.Identities[3].Id], refusal.Culprits);
    }

    [Fact]
    public void A_box_that_does_not_open_costs_one_share_only()
    {
        using var simulation = Simulation(4, 76);
        simulation.RunTo(RoundStage.Sharing);
        var broken = simulation.RewriteAnswer<ShareBody>(
            3, body => body with { Boxes = [new byte[body.Boxes[0].Length], .. body.Boxes.Skip(1)] });
        simulation.Server.Receive(broken, simulation.Now);
        simulation.Deliver([.. simulation.Server.Outbox.Where(message => message.To != simulation.Identities[3].Id)]);
        simulation.Advance();
        var result = simulation.Run();
        simulation.AssertExact(result);
        Assert.Empty(result.Culprits);
    }

    [Theory]
    [InlineData(0, RefusalReason.Malformed)]
    [InlineData(1, RefusalReason.WrongShareRequested)]
    [InlineData(2, RefusalReason.BadShares)]
    [InlineData(3, RefusalReason.NotNeighbour)]
    [InlineData(4, RefusalReason.Malformed)]
    public void An_answer_that_was_not_asked_for_is_refused(int attack, RefusalReason reason)
    {
        using var simulation = Simulation(4, 77);
        simulation.RunTo(RoundStage.Unmasking);
        var self = simulation.Identities.Select(identity => identity.Id).Order().ToList().IndexOf(simulation.Identities[1].Id);
        var answer = simulation.RewriteAnswer<UnmaskBody>(1, body => new UnmaskBody(attack switch
        {
            0 => [body.Shares[1], .. body.Shares],
            1 => [(Other(body.Shares[0].Request), body.Shares[0].Share), .. body.Shares.Skip(1)],
            2 => [(body.Shares[0].Request, Moved(body.Shares[0].Share)), .. body.Shares.Skip(1)],
            3 => [.. body.Shares.Append((new ShareRequest(self, ShareKind.Seed), body.Shares[0].Share)).OrderBy(pair => pair.Item1.Owner)],
            _ => [.. body.Shares, (new ShareRequest(99, ShareKind.Seed), body.Shares[0].Share)],
        }));
        RoundSimulation.AssertRefused(reason, () => simulation.Server.Receive(answer, simulation.Now));

        static KeyShare Moved(KeyShare share) => new(share.X % 8 + 1, share.Limbs);

        static ShareRequest Other(ShareRequest request) =>
            request with { Kind = request.Kind == ShareKind.Seed ? ShareKind.MaskKey : ShareKind.Seed };
    }

    // Nine devices, of which number 8 is lost after sharing.
    private static RoundSimulation Simulation(int threshold, int seed) =>
        new(TestRounds.Of(3, 9, 20, threshold), 9, seed, new DropPlan([null, null, null, null, null, null, null, null, MessageType.Boxes]));

    private static void Falsify(RoundSimulation simulation, int device, ShareKind kind, bool everyLimb = true)
    {
        var answer = simulation.RewriteAnswer<UnmaskBody>(device, body => new UnmaskBody([.. body.Shares.Select(pair =>
            pair.Request.Kind == kind ? (pair.Request, Falsified(pair.Share)) : pair)]));
        Assert.Equal(Receipt.Accepted, simulation.Server.Receive(answer, simulation.Now));

        KeyShare Falsified(KeyShare share)
        {
            var limbs = share.Limbs.ToArray();
            // Different errors in different shares, so that the false ones do not agree on another polynomial.
            for (var i = 0; i < (everyLimb ? limbs.Length : 1); i++) limbs[i] = Field61.Add(
                limbs[i], (ulong)(1_000_003 * (device + 1) * (i + 1) + share.X * share.X));
            return new KeyShare(share.X, limbs);
        }
    }
}

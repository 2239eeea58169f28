using PersonaTune.Privacy.SecureAggregation;
using PersonaTune.Privacy.SecureAggregation.Messages;
using PersonaTune.Privacy.SecureAggregation.Rounds;
using PersonaTune.Privacy.SecureAggregation.SingleServer;

namespace PersonaTune.Privacy.Tests.SecureAggregation.Protocol;

public class ServerRoundTests
{
    [Fact]
    public void Messages_of_another_session_are_refused_and_change_nothing()
    {
        using var simulation = new RoundSimulation(TestRounds.Of(3, 4, 3), 4, 51);
        using var other = new RoundSimulation(TestRounds.Of(3, 4, 3), 4, 52);
        simulation.RunTo(RoundStage.Collecting);
        other.RunTo(RoundStage.Collecting);
        // Masks of another session: they would not cancel here.
        RoundSimulation.AssertRefused(RefusalReason.ForeignSession, () => simulation.Server.Receive(other.Answer(0), simulation.Now));
        simulation.AssertExact(simulation.Run());
    }

    [Theory]
    [InlineData(MessageType.Roster, RefusalReason.RosterTooSmall)] // 3 of 7 open, 4 must
    [InlineData(MessageType.Openings, RefusalReason.TooFewSurvivors)] // 3 share
    [InlineData(MessageType.Boxes, RefusalReason.TooFewSurvivors)] // 3 report
    [InlineData(MessageType.Survivors, RefusalReason.SubQuorum)] // 3 sign, floor(0.55 * 7) + 1 = 4 must
    [InlineData(MessageType.UnmaskRequest, RefusalReason.TooFewShares)] // 3 answer, the threshold is 4
    public void Too_few_at_any_stage_end_the_round_without_a_sum(MessageType stage, RefusalReason reason)
    {
        using var simulation = new RoundSimulation(TestRounds.Of(4, 7, 3, threshold: 4), 7, 50, DropPlan.At(stage, 7, 4));
        RoundSimulation.AssertRefused(reason, () => simulation.Run());
        Assert.Equal(RoundStage.Abandoned, simulation.Server.Stage);
        Assert.Null(simulation.Server.Result);
        RoundSimulation.AssertRefused(RefusalReason.RoundOver, () => simulation.Server.Receive(
            MessageCodec.Sign(new UnmaskBody([]), simulation.Server.Session, simulation.Identities[0]).Bytes, simulation.Now));
    }

    [Fact]
    public void A_stranger_is_refused()
    {
        using var simulation = new RoundSimulation(TestRounds.Of(3, 4, 3), 4, 53);
        simulation.RunTo(RoundStage.Opening);
        using var stranger = Fleet.Device(5);
        var message = MessageCodec.Sign(new OpenBody(new byte[32], new byte[32]), simulation.Server.Session, stranger);
        RoundSimulation.AssertRefused(RefusalReason.UnknownSender, () => simulation.Server.Receive(message.Bytes, simulation.Now));
    }

    [Theory]
    [InlineData(0, RefusalReason.Malformed)] // magic
    [InlineData(4, RefusalReason.Malformed)] // version
    [InlineData(5, RefusalReason.UnexpectedMessage)] // type: open becomes openings, which no device sends
    [InlineData(6, RefusalReason.ForeignSession)] // session
    [InlineData(38, RefusalReason.UnknownSender)] // sender
    [InlineData(54, RefusalReason.Malformed)] // length
    [InlineData(58, RefusalReason.WrongSignature)] // body
    [InlineData(-1, RefusalReason.WrongSignature)] // signature
    public void A_message_with_one_bit_changed_is_refused(int position, RefusalReason reason)
    {
        using var simulation = new RoundSimulation(TestRounds.Of(3, 4, 3), 4, 54);
        simulation.RunTo(RoundStage.Opening);
        var bytes = simulation.Answer(0).ToArray();
        bytes[position < 0 ? bytes.Length + position : position] ^= 1;
        RoundSimulation.AssertRefused(reason, () => simulation.Server.Receive(bytes, simulation.Now));
    }

    [Fact]
    public void A_sender_cannot_be_replaced_by_another_member()
    {
        using var simulation = new RoundSimulation(TestRounds.Of(3, 4, 3), 4, 55);
        simulation.RunTo(RoundStage.Opening);
        var bytes = simulation.Answer(0).ToArray();
        simulation.Identities[1].Id.ToArray().CopyTo(bytes, 38);
        RoundSimulation.AssertRefused(RefusalReason.WrongSignature, () => simulation.Server.Receive(bytes, simulation.Now));
    }

    [Fact]
    public void A_repeated_message_counts_once_and_a_different_one_is_refused()
    {
        using var simulation = new RoundSimulation(TestRounds.Of(3, 4, 3), 4, 56);
        simulation.RunTo(RoundStage.Collecting);
        var report = simulation.Answer(0);
        Assert.Equal(Receipt.Accepted, simulation.Server.Receive(report, simulation.Now));
        Assert.Equal(Receipt.Duplicate, simulation.Server.Receive(report, simulation.Now));
        var again = simulation.RewriteAnswer<InputBody>(0, body => body with { Content = new byte[body.Content.Length] });
        RoundSimulation.AssertRefused(RefusalReason.ConflictingMessage, () => simulation.Server.Receive(again, simulation.Now));
        simulation.AssertExact(simulation.Run());
    }

    [Fact]
    public void A_message_for_a_closed_or_later_stage_is_refused()
    {
        using var simulation = new RoundSimulation(TestRounds.Of(3, 4, 3), 4, 57, new DropPlan([MessageType.Roster, null, null, null]));
        simulation.RunTo(RoundStage.Opening);
        var late = simulation.Answer(0);
        simulation.RunTo(RoundStage.Sharing);
        RoundSimulation.AssertRefused(RefusalReason.StageClosed, () => simulation.Server.Receive(late, simulation.Now));
        var early = MessageCodec.Sign(new UnmaskBody([]), simulation.Server.Session, simulation.Identities[1]);
        RoundSimulation.AssertRefused(RefusalReason.UnexpectedMessage, () => simulation.Server.Receive(early.Bytes, simulation.Now));
        RoundSimulation.AssertRefused(
            RefusalReason.DeadlinePassed, () => simulation.Server.Receive(simulation.Answer(1), simulation.Server.Deadline));
        simulation.AssertExact(simulation.Run());
    }

    [Fact]
    public void An_ephemeral_key_that_was_advertised_is_refused()
    {
        using var simulation = new RoundSimulation(TestRounds.Of(3, 4, 3), 4, 58);
        var first = simulation.Devices[0].Receive(simulation.Server.Offer, simulation.Now).Single();
        simulation.Server.Receive(first, simulation.Now);
        var copied = MessageCodec.Decode<AdvertiseBody>(SignedMessage.Parse(first), simulation.Configuration);
        var copy = MessageCodec.Sign(
            copied with { Certificate = simulation.Identities[1].Certificate.ToArray() }, simulation.Server.Session,
            simulation.Identities[1]);
        RoundSimulation.AssertRefused(RefusalReason.DuplicateKey, () => simulation.Server.Receive(copy.Bytes, simulation.Now));
    }

    [Fact]
    public void Devices_beyond_the_roster_s_goal_are_turned_away()
    {
        using var simulation = new RoundSimulation(TestRounds.Of(3, 6, 3), 6, 59, options: new ServerOptions { RosterGoal = 4 });
        var offers = simulation.Devices.Select(device => device.Receive(simulation.Server.Offer, simulation.Now).Single()).ToArray();
        foreach (var offer in offers.Take(4)) simulation.Server.Receive(offer, simulation.Now);
        RoundSimulation.AssertRefused(RefusalReason.RosterFull, () => simulation.Server.Receive(offers[4], simulation.Now));
    }

    [Fact]
    public void Collection_closes_at_its_goal_and_drops_the_slowest()
    {
        using var simulation = new RoundSimulation(TestRounds.Of(3, 6, 3), 6, 60, options: new ServerOptions { ReportGoal = 4 });
        simulation.RunTo(RoundStage.Collecting);
        for (var device = 0; device < 4; device++) simulation.Server.Receive(simulation.Answer(device), simulation.Now);
        simulation.Server.Advance(simulation.Now);
        Assert.Equal(RoundStage.Confirming, simulation.Server.Stage);
        var result = simulation.Run();
        simulation.AssertExact(result);
        Assert.Equal(simulation.Identities.Take(4).Select(identity => identity.Id).Order(), result.Contributors);
    }

    [Fact]
    public void Nothing_closes_before_it_is_complete_or_due()
    {
        using var simulation = new RoundSimulation(TestRounds.Of(3, 4, 3), 4, 61);
        simulation.RunTo(RoundStage.Opening);
        Assert.Empty(simulation.Server.Advance(simulation.Server.Deadline - TimeSpan.FromMilliseconds(1)));
        Assert.Equal(RoundStage.Opening, simulation.Server.Stage);
    }

    [Fact]
    public void An_interrupted_upload_goes_on_with_the_missing_chunks()
    {
        // 600,000 words of 20 bits are 1.5 MB: two chunks.
        using var simulation = new RoundSimulation(TestRounds.Of(3, 3, 600_000), 3, 62);
        simulation.RunTo(RoundStage.Collecting);
        var id = simulation.Identities[0].Id;
        var chunks = simulation.Devices[0].Receive(simulation.Server.Outbox.Single(message => message.To == id).Bytes, simulation.Now);
        Assert.Equal(2, chunks.Count);
        Assert.Equal([0, 1], simulation.Server.MissingChunks(id));
        simulation.Server.Receive(chunks[1], simulation.Now);
        Assert.Equal([0], simulation.Server.MissingChunks(id));
        var resent = simulation.Devices[0].Resend(simulation.Server.MissingChunks(id));
        Assert.Equal(Receipt.Accepted, simulation.Server.Receive(Assert.Single(resent), simulation.Now));
        Assert.Empty(simulation.Server.MissingChunks(id));
        simulation.AssertExact(simulation.Run());
    }

    [Fact]
    public void An_incomplete_upload_drops_out()
    {
        using var simulation = new RoundSimulation(
            TestRounds.Of(3, 4, 600_000), 4, 63, new DropPlan([MessageType.Boxes, null, null, null]));
        simulation.RunTo(RoundStage.Collecting);
        var chunks = simulation.Devices[0].Receive(
            simulation.Server.Outbox.Single(message => message.To == simulation.Identities[0].Id).Bytes, simulation.Now);
        simulation.Server.Receive(chunks[0], simulation.Now);
        var result = simulation.Run();
        Assert.DoesNotContain(simulation.Identities[0].Id, result.Contributors);
        simulation.AssertExact(result);
    }

    [Fact]
    public void A_report_with_bits_behind_its_last_word_is_refused()
    {
        using var simulation = new RoundSimulation(TestRounds.Of(3, 4, 3), 4, 64);
        simulation.RunTo(RoundStage.Collecting);
        var padded = simulation.RewriteAnswer<InputBody>(
            0, body => body with { Content = [.. body.Content[..^1], (byte)(body.Content[^1] | 0x80)] });
        RoundSimulation.AssertRefused(RefusalReason.Malformed, () => simulation.Server.Receive(padded, simulation.Now));
        var longer = simulation.RewriteAnswer<InputBody>(0, body => body with { Content = [.. body.Content[1..]] });
        RoundSimulation.AssertRefused(RefusalReason.Malformed, () => simulation.Server.Receive(longer, simulation.Now));
        simulation.AssertExact(simulation.Run());
    }

    [Fact]
    public void Noise_shares_are_in_the_sum()
    {
        var configuration = TestRounds.Of(3, 5, 9) with { Noise = NoiseKind.Skellam, NoiseSigma = 3 };
        using var simulation = new RoundSimulation(configuration, 5, 65, noise: new GivenNoise(7));
        var result = simulation.Run();
        Assert.Equal(simulation.PlainSum(result.Contributors).Select(word => (word + 5 * 7) & 0xFFFFF), result.Sum.ToArray());
    }

    [Theory]
    [InlineData(102)]
    [InlineData(-102)]
    [InlineData(int.MinValue)]
    public void A_report_outside_the_range_does_not_leave_the_device(int value)
    {
        using var simulation = new RoundSimulation(TestRounds.Of(3, 4, 3), 4, 66);
        simulation.Values[0][1] = value;
        simulation.RunTo(RoundStage.Collecting);
        RoundSimulation.AssertRefused(RefusalReason.ReportOutOfRange, () => simulation.Answer(0));
    }

    [Fact]
    public void A_rebuilt_server_goes_on_with_the_same_round()
    {
        foreach (var stage in Enum.GetValues<RoundStage>().Where(stage => stage is > RoundStage.Advertising and < RoundStage.Finished))
        {
            var events = new List<RoundEvent>();
            var options = new ServerOptions { Journal = events.Add };
            using var simulation = new RoundSimulation(TestRounds.Of(3, 7, 40), 7, 67, DropPlan.Draw(7, 0.2, new Random(5)), options);
            simulation.RunTo(stage);
            var outbox = simulation.Server.Outbox;
            simulation.Server = ServerRound.Replay(
                simulation.Configuration, simulation.Nonce, simulation.ServerKey, simulation.Certificates, Fleet.Now, events, options);
            Assert.Equal(stage, simulation.Server.Stage);
            Assert.Equal(Contents(outbox), Contents(simulation.Server.Outbox));
            simulation.AssertExact(simulation.Run());
        }

        // Signatures are randomised; what is signed must be the same.
        static IEnumerable<string> Contents(IEnumerable<OutgoingMessage> outbox) =>
            outbox.Select(message => message.To + Convert.ToHexString(SignedMessage.Parse(message.Bytes).Digest.Span));
    }

    [Fact]
    public void An_event_that_could_not_be_recorded_has_not_happened()
    {
        var full = false;
        using var simulation = new RoundSimulation(
            TestRounds.Of(3, 4, 3), 4, 68,
            options: new ServerOptions { Journal = _ => { if (full) throw new IOException("the disk is full"); } });
        simulation.RunTo(RoundStage.Collecting);
        var report = simulation.Answer(0);
        full = true;
        Assert.Throws<IOException>(() => simulation.Server.Receive(report, simulation.Now));
        full = false;
        Assert.Equal(Receipt.Accepted, simulation.Server.Receive(report, simulation.Now));
        simulation.AssertExact(simulation.Run());
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void The_sum_does_not_depend_on_the_number_of_threads(int threads)
    {
        using var simulation = new RoundSimulation(
            TestRounds.Of(3, 8, 200_000), 8, 69, DropPlan.At(MessageType.Boxes, 8, 2), new ServerOptions { Threads = threads });
        simulation.AssertExact(simulation.Run());
    }
}

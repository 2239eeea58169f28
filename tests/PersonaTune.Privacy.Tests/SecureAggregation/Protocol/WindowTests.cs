using System.Security.Cryptography;
using PersonaTune.Privacy.Sealing;
using PersonaTune.Privacy.SecureAggregation;
using PersonaTune.Privacy.SecureAggregation.Identity;
using PersonaTune.Privacy.SecureAggregation.Messages;
using PersonaTune.Privacy.SecureAggregation.Rounds;
using PersonaTune.Privacy.SecureAggregation.TwoServers;

namespace PersonaTune.Privacy.Tests.SecureAggregation.Protocol;

/// <summary>Two servers: exact sums over whoever reported, and everything that leader, helper and devices must refuse.</summary>
public sealed class WindowTests : IDisposable
{
    private readonly IdentityKey _leaderKey = IdentityKey.Generate();
    private readonly IdentityKey _helperIdentity = IdentityKey.Generate();
    private readonly HpkeKeyPair _helperKey = HpkeKeyPair.Generate();
    private readonly MemoizedCertificates _certificates = new();
    private readonly VolatileWindowMemory _memory = new();
    private readonly List<RoundEvent> _events = [];

    public void Dispose()
    {
        _leaderKey.Dispose();
        _helperIdentity.Dispose();
        _helperKey.Dispose();
        _certificates.Dispose();
    }

    public static TheoryData<int, int, int> Schedules()
    {
        var data = new TheoryData<int, int, int>();
        foreach (
            var (count, dimension) in ((int, int)[])[(3, 1), (3, 100_000), (10, 1000), (34, 1), (100, 1000), (300, 33), (100, 100_000)])
            data.Add(count, dimension, count + dimension);
        for (var seed = 0; seed < 30; seed++) data.Add(3 + seed % 7, 1 + seed * 13 % 50, seed);
        return data;
    }

    [Theory]
    [MemberData(nameof(Schedules))]
    public void The_sum_over_the_complete_reports_is_exact(int count, int dimension, int seed)
    {
        var random = new Random(seed);
        var values = Enumerable.Range(0, count).Select(_ => TestRounds.Values(dimension, random)).ToArray();
        var losses = Math.Min(count - 3, random.Next(count * 3 / 10 + 1));
        var lost = Enumerable.Range(0, count).OrderBy(_ => random.Next()).Take(losses).ToHashSet();
        var leader = Leader(Configuration(3, count, dimension, ((int[])[16, 20, 24, 32])[seed % 4]));
        foreach (var device in Enumerable.Range(0, count).OrderBy(_ => random.Next()))
        {
            var messages = Reporter(device, values[device]).Receive(leader.Offer, Fleet.Now).ToArray();
            // A lost device gets no further than its seed.
            foreach (var message in lost.Contains(device) ? messages[..1] : messages) leader.Receive(message, Fleet.Now);
        }

        var proposal = Assert.Single(leader.Advance(leader.Deadline));
        Assert.Equal(_helperIdentity.Id, proposal.To);
        Assert.Equal(Receipt.Accepted, leader.Receive(Helper(leader).Receive(proposal.Bytes, Fleet.Now), leader.Deadline));
        AssertSum(leader, values, Enumerable.Range(0, count).Where(device => !lost.Contains(device)));
    }

    [Fact]
    public void A_rebuilt_leader_finishes_the_window()
    {
        var values = Enumerable.Range(0, 5).Select(i => TestRounds.Values(20, new Random(i))).ToArray();
        var configuration = Configuration(3, 5, 20);
        var leader = Leader(configuration);
        for (var device = 0; device < 5; device++) Report(leader, device, values[device]);
        leader.Advance(Fleet.Now);
        using var leaderHelperKey = new VerificationKey(_helperIdentity.PublicKey);
        var rebuilt = WindowLeader.Replay(configuration, new byte[32], _leaderKey, leaderHelperKey, _certificates, Fleet.Now, _events);
        rebuilt.Receive(Helper(leader).Receive(rebuilt.Proposal.Bytes, Fleet.Now), Fleet.Now);
        AssertSum(rebuilt, values, Enumerable.Range(0, 5));
    }

    [Fact]
    public void A_window_with_too_few_reports_is_abandoned()
    {
        var leader = Leader(Configuration(3, 5, 4));
        Report(leader, 0, new int[4]);
        Report(leader, 1, new int[4]);
        Assert.Empty(leader.Advance(Fleet.Now));
        RoundSimulation.AssertRefused(RefusalReason.TooFewSurvivors, () => leader.Advance(leader.Deadline));
        Assert.Equal(WindowStage.Abandoned, leader.Stage);
    }

    [Fact]
    public void A_repeated_report_counts_once_and_a_second_one_is_refused()
    {
        var leader = Leader(Configuration(3, 5, 4));
        var messages = Reporter(0, new int[4]).Receive(leader.Offer, Fleet.Now);
        foreach (var message in messages) Assert.Equal(Receipt.Accepted, leader.Receive(message, Fleet.Now));
        foreach (var message in messages) Assert.Equal(Receipt.Duplicate, leader.Receive(message, Fleet.Now));
        var second = Reporter(0, new int[4]).Receive(leader.Offer, Fleet.Now);
        RoundSimulation.AssertRefused(RefusalReason.ConflictingMessage, () => leader.Receive(second[0], Fleet.Now));
        Assert.Equal(1, leader.Reports);
    }

    [Fact]
    public void A_report_other_than_the_one_its_seed_was_signed_with_drops_out()
    {
        var leader = Leader(Configuration(3, 5, 4));
        for (var device = 0; device < 4; device++) Report(leader, device, new int[4]);
        var messages = Reporter(4, new int[4]).Receive(leader.Offer, Fleet.Now);
        leader.Receive(messages[0], Fleet.Now);
        leader.Receive(MessageCodec.Sign(new InputBody(0, new byte[10]), leader.Session, Fleet.Device(4)).Bytes, Fleet.Now);
        Assert.Equal(4, leader.Reports);
    }

    [Fact]
    public void A_report_after_the_deadline_or_of_another_window_is_refused()
    {
        var leader = Leader(Configuration(3, 5, 4));
        var other = Leader(Configuration(3, 5, 4) with { Round = 2 });
        var messages = Reporter(0, new int[4]).Receive(leader.Offer, Fleet.Now);
        RoundSimulation.AssertRefused(RefusalReason.DeadlinePassed, () => leader.Receive(messages[0], leader.Deadline));
        RoundSimulation.AssertRefused(RefusalReason.ForeignSession, () => other.Receive(messages[0], Fleet.Now));
        RoundSimulation.AssertRefused(RefusalReason.UnknownSender, () => leader.Receive(messages[1], Fleet.Now));
    }

    [Fact]
    public void The_helper_does_not_answer_for_two_sets_that_overlap()
    {
        var leader = Leader(Configuration(3, 8, 4));
        var seeds = Seeds(leader, 8);
        var helper = Helper(leader);
        var first = helper.Receive(Propose(leader, seeds[..4]), Fleet.Now);
        // The same set again is the same answer, up to the signature; a set apart is another sum.
        var again = helper.Receive(Propose(leader, seeds[..4]), Fleet.Now);
        Assert.Equal(SignedMessage.Parse(first).Digest.ToArray(), SignedMessage.Parse(again).Digest.ToArray());
        helper.Receive(Propose(leader, seeds[4..7]), Fleet.Now);
        // One device fewer, one more, another in its place: each difference would be one device's mask.
        RoundSimulation.AssertRefused(RefusalReason.OverlappingSet, () => helper.Receive(Propose(leader, seeds[..3]), Fleet.Now));
        RoundSimulation.AssertRefused(RefusalReason.OverlappingSet, () => helper.Receive(Propose(leader, seeds[..5]), Fleet.Now));
        RoundSimulation.AssertRefused(
            RefusalReason.OverlappingSet, () => helper.Receive(Propose(leader, [.. seeds[1..4], seeds[7]]), Fleet.Now));
        // A restarted helper remembers.
        RoundSimulation.AssertRefused(RefusalReason.OverlappingSet, () => Helper(leader).Receive(Propose(leader, seeds[..5]), Fleet.Now));
    }

    [Fact]
    public void The_helper_refuses_small_or_repeated_or_disordered_sets()
    {
        var leader = Leader(Configuration(3, 8, 4));
        var seeds = Seeds(leader, 4);
        var helper = Helper(leader);
        RoundSimulation.AssertRefused(RefusalReason.TooFewSurvivors, () => helper.Receive(Propose(leader, seeds[..2]), Fleet.Now));
        RoundSimulation.AssertRefused(
            RefusalReason.DuplicateIdentity, () => helper.Receive(Propose(leader, [seeds[0], .. seeds]), Fleet.Now));
        RoundSimulation.AssertRefused(RefusalReason.Malformed, () => helper.Receive(Propose(leader, [.. seeds.Reverse()]), Fleet.Now));
        using var stranger = IdentityKey.Generate();
        var forged = MessageCodec.Sign(new ProposalBody(seeds), leader.Session, stranger);
        RoundSimulation.AssertRefused(RefusalReason.WrongSignature, () => helper.Receive(forged.Bytes, Fleet.Now));
        // Nothing of that used up the reports.
        helper.Receive(Propose(leader, seeds), Fleet.Now);
    }

    [Fact]
    public void Seeds_of_other_windows_devices_or_hands_are_left_out()
    {
        var values = Enumerable.Range(0, 6).Select(i => TestRounds.Values(4, new Random(i))).ToArray();
        var leader = Leader(Configuration(3, 8, 4));
        for (var device = 0; device < 6; device++) Report(leader, device, values[device], device == 5 ? Tamper : null);
        Assert.Equal(6, leader.Reports);
        leader.Receive(Helper(leader).Receive(leader.Advance(leader.Deadline).Single().Bytes, Fleet.Now), Fleet.Now);
        Assert.Equal([Fleet.Device(5).Id], leader.Result!.Culprits);
        AssertSum(leader, values, Enumerable.Range(0, 5));

        // A seed that was sealed for another device: the id is bound as associated data.
        static SealedSeedBody Tamper(SealedSeedBody body)
        {
            body.Seed[^1] ^= 1;
            return body;
        }
    }

    [Fact]
    public void The_leader_refuses_a_sum_over_another_set()
    {
        var leader = Leader(Configuration(3, 5, 4));
        for (var device = 0; device < 5; device++) Report(leader, device, new int[4]);
        leader.Advance(Fleet.Now);
        var honest = SignedMessage.Parse(Helper(leader).Receive(leader.Proposal.Bytes, Fleet.Now));
        var body = MessageCodec.Decode<MaskSumBody>(honest, leader.Configuration);
        var fewer = MemberSet.Of(5, [0, 1, 2]);
        Refuses(RefusalReason.ForeignSet, body with { Accepted = fewer });
        Refuses(RefusalReason.ForeignSet, body with { Accepted = MemberSet.Of(6, body.Accepted.Members()) });
        Refuses(RefusalReason.Malformed, body with { Packed = body.Packed[..^1] });
        var ids = Enumerable.Range(0, 5).Select(device => Fleet.Device(device).Id).Order().ToArray();
        var two = MemberSet.Of(5, [0, 1]);
        Refuses(RefusalReason.TooFewSurvivors, body with { Accepted = two, AcceptedRoot = two.Root(ids) });
        RoundSimulation.AssertRefused(
            RefusalReason.WrongSignature, () => leader.Receive(MessageCodec.Sign(body, leader.Session, Fleet.Device(0)).Bytes, Fleet.Now));
        leader.Receive(honest.Bytes, Fleet.Now);
        Assert.Equal(Receipt.Duplicate, leader.Receive(honest.Bytes, Fleet.Now));

        void Refuses(RefusalReason reason, MaskSumBody forged) => RoundSimulation.AssertRefused(
            reason, () => leader.Receive(MessageCodec.Sign(forged, leader.Session, _helperIdentity).Bytes, Fleet.Now));
    }

    [Fact]
    public void A_device_reports_once_a_window_and_only_for_its_helper()
    {
        var configuration = Configuration(3, 5, 4);
        var leader = Leader(configuration);
        var memory = new VolatileRoundMemory();
        var device = Reporter(0, new int[4], memory);
        var answer = device.Receive(leader.Offer, Fleet.Now);
        Assert.Equal(answer, device.Receive(leader.Offer, Fleet.Now));
        RoundSimulation.AssertRefused(RefusalReason.ReplayedRound, () => Reporter(0, new int[4], memory).Receive(leader.Offer, Fleet.Now));
        var foreign = Leader(configuration with { HelperKeyHash = TestRounds.ModelHash });
        RoundSimulation.AssertRefused(RefusalReason.ConfigurationInvalid, () => Reporter(0, new int[4]).Receive(foreign.Offer, Fleet.Now));
        RoundSimulation.AssertRefused(RefusalReason.ConfigurationInvalid, () => Helper(foreign));
        RoundSimulation.AssertRefused(RefusalReason.CohortFloor, () => Helper(leader, floor: 4));
    }

    private static RoundConfiguration ConfigurationFor(ReadOnlySpan<byte> helperKey, int minimum, int maximum, int dimension, int bits) =>
        TestRounds.Of(minimum, maximum, dimension, bits: bits) with
        {
            Mode = AggregationMode.TwoServers,
            Degree = 0,
            Threshold = 0,
            QuorumPpm = 0,
            Durations = StageDurations.Window(TestRounds.StageTime),
            HelperKeyHash = SHA256.HashData(helperKey),
        };

    private RoundConfiguration Configuration(int minimum, int maximum, int dimension, int bits = 20) =>
        ConfigurationFor(_helperKey.PublicKey.Span, minimum, maximum, dimension, bits);

    private WindowLeader Leader(RoundConfiguration configuration) => new(
        configuration, new byte[32], _leaderKey, new VerificationKey(_helperIdentity.PublicKey), _certificates, Fleet.Now,
        new ServerOptions { Journal = _events.Add });

    private WindowHelper Helper(WindowLeader leader, int floor = 3) => new(
        leader.Offer, _helperKey, _helperIdentity, new VerificationKey(_leaderKey.PublicKey), _certificates, _memory, floor);

    private WindowReporter Reporter(int device, int[] values, IRoundMemory? memory = null) => new(
        new DevicePolicy
        {
            Certificates = _certificates,
            Server = new VerificationKey(_leaderKey.PublicKey),
            Budget = new GivenBudget(),
            RequireNoise = false,
            CohortFloor = 3,
        },
        Fleet.Device(device), memory ?? new VolatileRoundMemory(), new GivenReport(values), _helperKey.PublicKey.Span);

    private void Report(WindowLeader leader, int device, int[] values, Func<SealedSeedBody, SealedSeedBody>? change = null)
    {
        var messages = Reporter(device, values).Receive(leader.Offer, Fleet.Now).ToArray();
        if (change is not null)
        {
            var body = MessageCodec.Decode<SealedSeedBody>(SignedMessage.Parse(messages[0]), leader.Configuration);
            messages[0] = MessageCodec.Sign(change(body), leader.Session, Fleet.Device(device)).Bytes;
        }

        foreach (var message in messages) leader.Receive(message, Fleet.Now);
    }

    private SignedMessage[] Seeds(WindowLeader leader, int count)
    {
        var seeds = Enumerable.Range(0, count).Select(device => Reporter(device, new int[4]).Receive(leader.Offer, Fleet.Now)[0]);
        return [.. seeds.Select(seed => SignedMessage.Parse(seed)).OrderBy(seed => seed.Sender)];
    }

    private ReadOnlyMemory<byte> Propose(WindowLeader leader, SignedMessage[] seeds) =>
        MessageCodec.Sign(new ProposalBody(seeds), leader.Session, _leaderKey).Bytes;

    private static void AssertSum(WindowLeader leader, int[][] values, IEnumerable<int> devices)
    {
        var reported = devices.ToArray();
        Assert.Equal(reported.Select(device => Fleet.Device(device).Id).Order(), leader.Result!.Contributors);
        var sum = leader.Result.Sum.Span;
        for (var i = 0; i < sum.Length; i++)
            Assert.Equal(reported.Sum(device => values[device][i]), RingEncoding.Decode(sum[i], leader.Configuration.Bits));
    }
}

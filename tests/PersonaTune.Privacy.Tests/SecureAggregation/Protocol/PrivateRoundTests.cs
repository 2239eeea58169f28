using PersonaTune.Privacy.Accounting;
using PersonaTune.Privacy.Budget;
using PersonaTune.Privacy.Mechanisms;
using PersonaTune.Privacy.SecureAggregation;
using PersonaTune.Privacy.SecureAggregation.Identity;
using PersonaTune.Privacy.SecureAggregation.Rounds;
using PersonaTune.Privacy.SecureAggregation.SingleServer;
using PersonaTune.Privacy.Tests.SecureAggregation.Primitives;

namespace PersonaTune.Privacy.Tests.SecureAggregation.Protocol;

/// <summary>
/// A whole private round: real updates are clipped, rotated, rounded, noised by the library's mechanisms and masked; each device pays from its ledger
/// before it uploads, and the decoded mean is the plain mean up to the noise that the accountant was told of.
/// </summary>
public sealed class PrivateRoundTests
{
    private const int Count = 40;
    private const int Dimension = 500;
    private const double Scale = 2000;
    private const double NoiseSigma = 300;

    private static readonly MemoizedCertificates Certificates = new();

    private static readonly UpdateEncodingOptions Encoding = new()
    {
        Dimension = Dimension,
        ClipNorm = 1,
        Scale = Scale,
        RotationSeed = new byte[32],
    };

    [Theory]
    [InlineData(NoiseKind.DiscreteGaussian)]
    [InlineData(NoiseKind.Skellam)]
    public async Task The_mean_of_a_private_round_is_the_plain_mean_up_to_the_noise_that_is_paid_for(NoiseKind kind)
    {
        var round = Round(kind);
        using var server = IdentityKey.Generate();
        var random = new Random(5);
        var updates = Enumerable.Range(0, Count).Select(_ => Update(random)).ToArray();
        var ledgers = await Task.WhenAll(updates.Select(_ => OpenAsync(new MemoryLedgerStore())));
        var devices = updates.Select((update, i) => Device(server, round, update, ledgers[i], i)).ToArray();
        var sum = Run(server, round, devices, 0);

        var encoder = new UpdateEncoder(Encoding);
        var centred = new int[round.Dimension];
        RingEncoding.Decode(sum.Sum.Span, round.Bits, centred);
        var mean = encoder.Decode(centred, sum.Contributors.Count);
        var plain = Enumerable.Range(0, Dimension).Select(i => updates.Average(u => u[i])).ToArray();
        var error = Math.Sqrt(mean.Zip(plain, (m, p) => (m - p) * (m - p)).Average());
        // Noise of the sum, in units of the mean; rounding adds a variance of at most 1/4 a device. The mean square of 500 coordinates strays by
        // more than 30 % with probability below 1e-5.
        var expected = Math.Sqrt(Count * ((NoiseSigma * NoiseSigma) + 0.25)) / (Scale * Count);
        Assert.InRange(error, 0.7 * expected, 1.3 * expected);
        foreach (var ledger in ledgers) Assert.Equal(1, (await ledger.GetStatusAsync()).Spends);
    }

    /// <summary>Defect 7: a ledger that is written after the upload loses the spend in a crash.</summary>
    [Fact]
    public async Task The_spend_is_on_record_before_the_first_masked_word_leaves()
    {
        var round = Round(NoiseKind.Skellam);
        using var server = IdentityKey.Generate();
        var store = new MemoryLedgerStore();
        var probe = new ProbingStore(store);
        var ledgers = await Task.WhenAll(Enumerable.Range(0, Count).Select(i => OpenAsync(i == 0 ? probe : new MemoryLedgerStore())));
        var random = new Random(6);
        var devices = Enumerable.Range(0, Count).Select(i => Device(server, round, Update(random), ledgers[i], i)).ToArray();
        probe.OnAppend = () => throw new IOException("the device loses power while it spends");
        // Device 0 dies in the middle of its spend: it never uploads, and the round does without it.
        var sum = Run(server, round, devices, 1);
        Assert.DoesNotContain(devices[0].Id, sum.Contributors);
        Assert.Equal(Count - 1, sum.Contributors.Count);
        // After the restart the spend counts, although nothing was uploaded.
        using var reopened = await OpenAsync(store);
        Assert.Equal(1, (await reopened.GetStatusAsync()).Spends);
    }

    [Fact]
    public async Task A_device_without_budget_does_not_join()
    {
        var round = Round(NoiseKind.Skellam);
        using var server = IdentityKey.Generate();
        using var ledger = await OpenAsync(new MemoryLedgerStore(), epsilon: 0.001);
        using var device = Device(server, round, Update(new Random(7)), ledger, 0);
        var offer = new ServerRound(round, new byte[SessionId.NonceLength], server, Certificates, Fleet.Now).Offer;
        RoundSimulation.AssertRefused(RefusalReason.BudgetExhausted, () => device.Receive(offer, Fleet.Now));
        Assert.Equal(0, (await ledger.GetStatusAsync()).Spends);
    }

    [Fact]
    public void A_report_for_another_scale_is_refused()
    {
        var round = Round(NoiseKind.Skellam) with { Scale = Scale / 2 };
        var report = new EncodedReport(new float[Dimension], Encoding, TestRounds.ModelHash, TestRounds.SchemaHash);
        RoundSimulation.AssertRefused(RefusalReason.ConfigurationInvalid, () => report.Encode(round, new int[round.Dimension]));
    }

    private static RoundConfiguration Round(NoiseKind kind) => TestRounds.Of(30, Count, 512, threshold: 28, degree: Count, bits: 24) with
    {
        Clip = Encoding.ClipNorm,
        Scale = Scale,
        Noise = kind,
        NoiseSigma = NoiseSigma,
    };

    /// <summary>What one round costs, by the noise that is sure to be in the sum.</summary>
    private static SkellamEvent Cost(RoundConfiguration round)
    {
        var encoder = new UpdateEncoder(Encoding);
        return new SkellamEvent(round.GuaranteedNoiseSigma * round.GuaranteedNoiseSigma, encoder.L1Bound, encoder.L2Bound);
    }

    private static DeviceRound Device(IdentityKey server, RoundConfiguration round, float[] update, PrivacyLedger ledger, int index)
    {
        var policy = new DevicePolicy
        {
            Certificates = Certificates,
            Server = new VerificationKey(server.PublicKey),
            Budget = new LedgerRoundBudget(ledger, "rounds", Cost),
            Noise = new MechanismNoise(),
            CohortFloor = 30,
            RequiredGraph = (n, _) => new GraphParameters(n, Math.Min(n - 1, round.Degree), 2),
        };
        return new DeviceRound(policy, Fleet.Device(index), new VolatileRoundMemory(),
            new EncodedReport(update, Encoding, TestRounds.ModelHash, TestRounds.SchemaHash), new SeededRandom(index));
    }

    private static SecureSumResult Run(IdentityKey serverKey, RoundConfiguration round, DeviceRound[] devices, int expectedDeaths)
    {
        var now = Fleet.Now;
        var server = new ServerRound(round, new byte[SessionId.NonceLength], serverKey, Certificates, now);
        var dead = new HashSet<DeviceRound>();
        var messages = devices.Select(device => new OutgoingMessage(device.Id, server.Offer)).ToList();
        while (server.Stage != RoundStage.Finished)
        {
            foreach (var message in messages)
            {
                var device = devices.Single(d => d.Id == message.To);
                if (dead.Contains(device)) continue;
                try
                {
                    foreach (var answer in device.Receive(message.Bytes, now)) server.Receive(answer, now);
                }
                catch (IOException)
                {
                    dead.Add(device);
                }
            }

            now += TimeSpan.FromSeconds(1);
            if (server.Advance(now).Count == 0 && server.Stage != RoundStage.Finished) server.Advance(now = server.Deadline);
            messages = [.. server.Outbox];
        }

        Assert.Equal(expectedDeaths, dead.Count);
        foreach (var device in devices) device.Dispose();
        return server.Result!;
    }

    private static float[] Update(Random random)
    {
        var update = new float[Dimension];
        foreach (ref var value in update.AsSpan()) value = (float)((random.NextDouble() - 0.5) * 0.05);
        L2Clip.Clip(update, 0.9);
        return update;
    }

    private static Task<PrivacyLedger> OpenAsync(IPrivacyLedgerStore store, double epsilon = 20) => PrivacyLedger.OpenAsync(store,
        new PrivacyBudgetPolicy { Delta = 1e-6, TotalEpsilon = epsilon },
        new PrivacyLedgerOptions { Accountant = static relation => new RdpAccountant(relation) });

    /// <summary>Writes the entry and then fails, as a device does that dies right after its disk has the entry.</summary>
    private sealed class ProbingStore(IPrivacyLedgerStore inner) : IPrivacyLedgerStore
    {
        public Action? OnAppend { get; set; }

        public IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(long fromIndex, CancellationToken cancellationToken = default) => inner.ReadAsync(fromIndex, cancellationToken);

        public async Task<bool> TryAppendAsync(long index, ReadOnlyMemory<byte> entry, CancellationToken cancellationToken = default)
        {
            var done = await inner.TryAppendAsync(index, entry, cancellationToken);
            OnAppend?.Invoke();
            return done;
        }
    }
}

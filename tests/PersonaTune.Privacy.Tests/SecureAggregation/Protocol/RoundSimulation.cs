using PersonaTune.Privacy.SecureAggregation;
using PersonaTune.Privacy.SecureAggregation.Identity;
using PersonaTune.Privacy.SecureAggregation.Messages;
using PersonaTune.Privacy.SecureAggregation.Rounds;
using PersonaTune.Privacy.SecureAggregation.SingleServer;
using PersonaTune.Privacy.Tests.SecureAggregation.Primitives;

namespace PersonaTune.Privacy.Tests.SecureAggregation.Protocol;

/// <summary>A server and devices, run message by message in an order drawn from the seed. Repeatable.</summary>
internal sealed class RoundSimulation : IDisposable
{
    private readonly Random _order;

    public RoundSimulation(
        RoundConfiguration configuration, int count, int seed, DropPlan? plan = null, ServerOptions? options = null,
        IReportNoise? noise = null,
        Func<int, DevicePolicy, DevicePolicy>? policy = null)
    {
        _order = new Random(seed);
        Plan = plan ?? DropPlan.None(count);
        Configuration = configuration;
        Values = [.. Enumerable.Range(0, count).Select(i => TestRounds.Values(configuration.Dimension, new Random(seed * 1000 + i)))];
        Identities = [.. Enumerable.Range(0, count).Select(Fleet.Device)];
        Policy = new DevicePolicy
        {
            Certificates = Certificates,
            Server = new VerificationKey(ServerKey.PublicKey),
            Budget = new GivenBudget(),
            Noise = noise,
            RequireNoise = false,
            CohortFloor = 3,
            RequiredGraph = (n, _) => new GraphParameters(n, Math.Min(n - 1, configuration.Degree), 2),
        };
        Memories = [.. Identities.Select(_ => new VolatileRoundMemory())];
        Devices = [.. Identities.Select((identity, i) => new DeviceRound(
            policy?.Invoke(i, Policy) ?? Policy, identity, Memories[i], new GivenReport(Values[i]), new SeededRandom(seed * 1000 + i)))];
        Nonce = new byte[SessionId.NonceLength];
        _order.NextBytes(Nonce);
        Server = new ServerRound(configuration, Nonce, ServerKey, Certificates, Now, options);
    }

    public IdentityKey ServerKey { get; } = IdentityKey.Generate();

    public MemoizedCertificates Certificates { get; } = new();

    public RoundConfiguration Configuration { get; }

    public DevicePolicy Policy { get; }

    public DropPlan Plan { get; }

    public int[][] Values { get; }

    public IdentityKey[] Identities { get; }

    public DeviceRound[] Devices { get; }

    public VolatileRoundMemory[] Memories { get; }

    public byte[] Nonce { get; }

    public ServerRound Server { get; set; }

    public DateTimeOffset Now { get; private set; } = Fleet.Now;

    /// <summary>Devices that refused a message of the server, and why.</summary>
    public Dictionary<DeviceId, RefusalReason> Refusals { get; } = [];

    public int IndexOf(DeviceId id) => Array.FindIndex(Identities, identity => identity.Id == id);

    /// <summary>
    /// Runs on until the server is in <paramref name="stage"/> with that stage's messages in its outbox; throws what the server
    /// throws.
    /// </summary>
    public RoundSimulation RunTo(RoundStage stage)
    {
        if (Server.Stage == RoundStage.Advertising && stage != RoundStage.Advertising)
        {
            Deliver([.. Identities.Select(identity => new OutgoingMessage(identity.Id, Server.Offer))]);
            Advance();
        }

        while (Server.Stage != stage)
        {
            Deliver(Server.Outbox);
            Advance();
        }

        return this;
    }

    public SecureSumResult Run() => RunTo(RoundStage.Finished).Server.Result!;

    public void Advance()
    {
        Now += TimeSpan.FromSeconds(1);
        if (Server.Advance(Now).Count > 0 || Server.Stage is RoundStage.Finished) return;
        Now = Server.Deadline;
        Server.Advance(Now);
    }

    public void Deliver(IReadOnlyList<OutgoingMessage> messages)
    {
        var answers = new List<ReadOnlyMemory<byte>>();
        foreach (var message in messages)
        {
            var device = IndexOf(message.To);
            if (!Plan.Answers(device, SignedMessage.Parse(message.Bytes).Type)) continue;
            try
            {
                answers.AddRange(Devices[device].Receive(message.Bytes, Now));
            }
            catch (RefusalException e)
            {
                Refusals.Add(message.To, e.Reason);
            }
        }

        var shuffled = answers.ToArray();
        _order.Shuffle(shuffled);
        foreach (var answer in shuffled) Server.Receive(answer, Now);
    }

    /// <summary>
    /// The server's message to device <paramref name="device"/> in the present stage, rewritten and signed by the server.
    /// </summary>
    public ReadOnlyMemory<byte> Rewrite<T>(int device, Func<T, T> change)
        where T : IMessageBody<T>
    {
        var message = Server.Outbox.Single(outgoing => outgoing.To == Identities[device].Id);
        var body = MessageCodec.Decode<T>(SignedMessage.Parse(message.Bytes), Configuration);
        return MessageCodec.Sign(change(body), Server.Session, ServerKey).Bytes;
    }

    /// <summary>What device <paramref name="device"/> answers to the server's present message.</summary>
    public ReadOnlyMemory<byte> Answer(int device) =>
        Devices[device].Receive(Server.Outbox.Single(outgoing => outgoing.To == Identities[device].Id).Bytes, Now).Single();

    /// <summary>That answer, rewritten and signed by the device.</summary>
    public ReadOnlyMemory<byte> RewriteAnswer<T>(int device, Func<T, T> change)
        where T : IMessageBody<T>
    {
        var body = MessageCodec.Decode<T>(SignedMessage.Parse(Answer(device)), Configuration);
        return MessageCodec.Sign(change(body), Server.Session, Identities[device]).Bytes;
    }

    /// <summary>The plain sum of the named devices' values modulo 2^b: what secure aggregation must give, bit for bit.</summary>
    public uint[] PlainSum(IEnumerable<DeviceId> contributors)
    {
        var sum = new uint[Configuration.Dimension];
        foreach (var values in contributors.Select(id => Values[IndexOf(id)]))
        {
            for (var i = 0; i < sum.Length; i++) sum[i] = unchecked(sum[i] + (uint)values[i]);
        }

        if (Configuration.Bits < 32)
            for (var i = 0; i < sum.Length; i++) sum[i] &= (1u << Configuration.Bits) - 1;
        return sum;
    }

    public void AssertExact(SecureSumResult result)
    {
        Assert.True(
            PlainSum(result.Contributors).AsSpan().SequenceEqual(result.Sum.Span), "the sum is not the plain sum of its contributors");
        Assert.True(result.Contributors.Count >= Configuration.MinimumDevices);
    }

    public static void AssertRefused(RefusalReason reason, Action action) =>
        Assert.Equal(reason, Assert.Throws<RefusalException>(action).Reason);

    public void Dispose()
    {
        foreach (var device in Devices) device.Dispose();
        foreach (var identity in Identities) identity.Dispose();
        ServerKey.Dispose();
        Certificates.Dispose();
    }
}

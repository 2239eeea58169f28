using PersonaTune.Privacy.SecureAggregation.Identity;
using PersonaTune.Privacy.SecureAggregation.Messages;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.SingleServer;

/// <summary>
/// One device in one round with a single server: messages in, messages out, no network and no clock. Train first, then feed it
/// the server's offer and every message that follows; send what each call returns.
/// <para>
/// Guarantee: the server learns of this device's report only a sum over at least the minimum cohort, as long as it follows the
/// protocol and fewer than a threshold of the device's neighbours collude with it; showing different devices different survivors is
/// detected. It breaks if the server deviates in other ways, or if more devices collude than the configuration plans for.
/// </para>
/// <para>
/// Secrets live in this object only and cannot be saved: a device whose process dies has left the round, and
/// <see cref="IRoundMemory"/> keeps it from coming back. Not thread-safe.
/// </para>
/// </summary>
/// <remarks>Bell, Bonawitz, Gascon, Lepoint, Raykova 2020, with signed keys and a consistency certificate.</remarks>
public sealed partial class DeviceRound : IDisposable
{
    private readonly DevicePolicy _policy;
    private readonly IMessageSigner _identity;
    private readonly IRoundMemory _memory;
    private readonly IRoundReport _report;
    private readonly ISecretRandom _random;
    private readonly Dictionary<MessageType, (ReadOnlyMemory<byte> Digest, IReadOnlyList<SignedMessage> Answer)> _answered = [];

    private RoundConfiguration? _configuration;
    private DateTimeOffset _expires;
    private SignedMessage? _advertisement;
    private Roster? _roster;
    private Cohort? _cohort;
    private int _self;
    private int[] _neighbours = [];
    private MemberSet? _senders;
    private ConsistencyBody? _agreed;
    private SurvivorsBody? _survivors;

    /// <summary>Prepares a device that has trained <paramref name="report"/>. <paramref name="random"/> is for tests.</summary>
    public DeviceRound(
        DevicePolicy policy, IMessageSigner identity, IRoundMemory memory, IRoundReport report, ISecretRandom? random = null)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(identity);
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(report);
        _policy = policy;
        _identity = identity;
        _memory = memory;
        _report = report;
        _random = random ?? SecretRandom.System;
    }

    /// <summary>How far it has come.</summary>
    public DeviceStage Stage { get; private set; }

    /// <summary>The session, once the device has joined.</summary>
    public SessionId? Session { get; private set; }

    /// <summary>The device's id.</summary>
    public DeviceId Id => _identity.Id;

    private RoundConfiguration Configuration => _configuration!;

    /// <summary>
    /// Takes a message of the server and gives the answers to send. A message that was answered before gets the same answer again. A
    /// message that is not the server's, or comes out of order, is refused and changes nothing; one that the server signed and that
    /// asks for what the device must not do ends the round for this device and erases its keys.
    /// </summary>
    /// <exception cref="RefusalException">The message or the round is refused.</exception>
    public IReadOnlyList<ReadOnlyMemory<byte>> Receive(ReadOnlyMemory<byte> message, DateTimeOffset now)
    {
        var parsed = SignedMessage.Parse(message.ToArray());
        parsed.EnsureSignedBy(_policy.Server);
        if (Session is { } session && parsed.Session != session)
            throw Refuse(RefusalReason.ForeignSession, $"{parsed.Type} belongs to session {parsed.Session}; drop it");
        if (Stage is DeviceStage.Refused or DeviceStage.Finished)
            throw Refuse(RefusalReason.RoundOver, "the round is over for this device; wait for the next");
        if (_answered.TryGetValue(parsed.Type, out var known) && known.Digest.Span.SequenceEqual(parsed.Digest.Span))
            return Bytes(known.Answer);
        CheckOrder(parsed.Type);
        try
        {
            if (Session is not null && now > _expires)
                throw Refuse(RefusalReason.DeadlinePassed, $"the round ended at {_expires:u}; wait for the next");
            var answer = Answer(parsed, now);
            _answered[parsed.Type] = (parsed.Digest, answer);
            return Bytes(answer);
        }
        catch (SecureAggregationException)
        {
            Leave();
            throw;
        }
    }

    /// <summary>The chunks of the masked report that the server still lacks, to send again after an interruption.</summary>
    /// <exception cref="RefusalException">There is no report to send, or not yet, or no longer.</exception>
    public IReadOnlyList<ReadOnlyMemory<byte>> Resend(IEnumerable<int> chunks)
    {
        ArgumentNullException.ThrowIfNull(chunks);
        if (!_answered.TryGetValue(MessageType.Boxes, out var report) || Stage is DeviceStage.Finished or DeviceStage.Refused)
            throw Refuse(RefusalReason.UnexpectedMessage, "there is no report to send again; wait for the next round");
        return Bytes([.. chunks.Select(chunk => report.Answer[chunk])]);
    }

    /// <summary>Leaves the round if it is still running, and erases the keys.</summary>
    public void Dispose() => Leave();

    private SignedMessage[] Answer(SignedMessage message, DateTimeOffset now) => message.Type switch
    {
        MessageType.Offer => [Join(message, now)],
        MessageType.Roster => [Open(MessageCodec.Decode<RosterBody>(message, Configuration), now)],
        MessageType.Openings => [Share(MessageCodec.Decode<OpeningsBody>(message, Configuration))],
        MessageType.Boxes => Report(MessageCodec.Decode<BoxesBody>(message, Configuration)),
        MessageType.Survivors => [Confirm(MessageCodec.Decode<SurvivorsBody>(message, Configuration))],
        _ => [Unmask(MessageCodec.Decode<UnmaskRequestBody>(message, Configuration))],
    };

    private void CheckOrder(MessageType type)
    {
        var expected = Stage switch
        {
            DeviceStage.Idle => MessageType.Offer,
            DeviceStage.Advertised => MessageType.Roster,
            DeviceStage.Opened => MessageType.Openings,
            DeviceStage.Shared => MessageType.Boxes,
            DeviceStage.Reported => MessageType.Survivors,
            _ => MessageType.UnmaskRequest,
        };
        if (type == expected) return;
        if (type != MessageType.Survivors || Stage != DeviceStage.Confirmed)
            throw Refuse(RefusalReason.UnexpectedMessage, $"expected {expected}, got {type}; send the stages in order");
        Leave();
        throw Refuse(RefusalReason.TwoRoots, "the server offers a second set of survivors to sign; leave the round");
    }

    // Persisted before anything is sent: a round number is used up by an attempt, also by one that fails.
    private SignedMessage Join(SignedMessage message, DateTimeOffset now)
    {
        var offer = MessageCodec.Decode<OfferBody>(message.Body.Span, "offer");
        var configuration = offer.Configuration;
        var session = SessionId.Derive(configuration, offer.Nonce);
        if (session != message.Session)
            throw Refuse(RefusalReason.ForeignSession, "the offer's session is not that of its configuration; drop it");
        if (configuration.Mode != AggregationMode.SingleServer)
            throw Refuse(RefusalReason.ConfigurationInvalid, "the round is for two servers; answer it with a WindowReporter");
        _policy.Check(configuration, _report, _memory);
        if (!_memory.TryBegin(configuration.Task, configuration.Round, session))
        {
            throw Refuse(
                RefusalReason.ReplayedRound,
                $"round {configuration.Round} of task '{configuration.Task}' was seen before; wait for the next");
        }

        (_configuration, Session, _expires) = (configuration, session, now + configuration.Durations.Total);
        _advertisement = MessageCodec.Sign(CreateKeys(session), session, _identity);
        Stage = DeviceStage.Advertised;
        return _advertisement;
    }

    private SignedMessage Open(RosterBody body, DateTimeOffset now)
    {
        _roster = Roster.Verify(body, _advertisement!, Configuration, _policy.Certificates, now);
        Stage = DeviceStage.Opened;
        return MessageCodec.Sign(new OpenBody(_roster.Root, _nonce!), Session!.Value, _identity);
    }

    private void Take(OneTimeStep step, ReadOnlySpan<byte> digest)
    {
        if (_memory.TryTake(Session!.Value, step, digest)) return;
        var reason = step == OneTimeStep.Confirm ? RefusalReason.TwoRoots : RefusalReason.SecretsAlreadyUsed;
        throw Refuse(reason, $"this device took the step {step} before, perhaps before a restart; leave the round");
    }

    private void Leave()
    {
        EraseKeys();
        _answered.Clear();
        if (Stage != DeviceStage.Finished) Stage = DeviceStage.Refused;
    }

    private static ReadOnlyMemory<byte>[] Bytes(IReadOnlyList<SignedMessage> messages) => [.. messages.Select(message => message.Bytes)];

    private static RefusalException Refuse(RefusalReason reason, string problem) => new(reason, "round", problem);
}

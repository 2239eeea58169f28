using PersonaTune.Privacy.SecureAggregation.Identity;
using PersonaTune.Privacy.SecureAggregation.Messages;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.SingleServer;

/// <summary>
/// The single server in one round. Deliver <see cref="Offer"/> to candidates, feed it what devices send, call <see cref="Advance"/>
/// after each message or at each <see cref="Deadline"/>, and deliver what that returns.
/// <para>
/// It adds complete reports to the sum as they arrive and keeps none. Everything that changes its state is a
/// <see cref="RoundEvent"/>, so that a crashed server is rebuilt by <see cref="Replay"/>; only its signatures differ then, which
/// devices do not mind. Not thread-safe.
/// </para>
/// </summary>
public sealed partial class ServerRound : ISecureSum
{
    private readonly IMessageSigner _signer;
    private readonly ICertificateValidator _certificates;
    private readonly ServerOptions _options;
    private readonly SortedDictionary<DeviceId, ServerMember> _members = [];
    private readonly HashSet<string> _keys = new(StringComparer.Ordinal);

    private Roster? _roster;
    private Cohort? _cohort;
    private ServerMember[] _byNumber = []; // (cohort)
    private SurvivorsBody? _survivors;
    private ConsistencyBody? _agreed;
    private uint[] _sum = []; // (d), modulo 2^32
    private uint[] _buffer = []; // (d)

    /// <summary>
    /// Opens a round. <paramref name="nonce"/> is 32 bytes never used before; <paramref name="signer"/> holds the key that
    /// devices pin.
    /// </summary>
    /// <exception cref="RefusalException">The configuration is not valid or is for two servers.</exception>
    public ServerRound(
        RoundConfiguration configuration, ReadOnlySpan<byte> nonce, IMessageSigner signer, ICertificateValidator certificates,
        DateTimeOffset now, ServerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(signer);
        ArgumentNullException.ThrowIfNull(certificates);
        if (configuration.Mode != AggregationMode.SingleServer)
            throw Refuse(RefusalReason.ConfigurationInvalid, "the configuration is for two servers; run a WindowLeader");
        Configuration = configuration;
        Session = SessionId.Derive(configuration, nonce);
        Deadline = now + configuration.Durations.Advertise;
        _signer = signer;
        _certificates = certificates;
        _options = options ?? new ServerOptions();
        Offer = MessageCodec.Sign(new OfferBody(configuration, nonce.ToArray()), Session, signer).Bytes;
    }

    /// <inheritdoc/>
    public SessionId Session { get; }

    /// <inheritdoc/>
    public RoundConfiguration Configuration { get; }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> Offer { get; }

    /// <inheritdoc/>
    public DateTimeOffset Deadline { get; private set; }

    /// <inheritdoc/>
    public SecureSumResult? Result { get; private set; }

    /// <summary>What it is collecting.</summary>
    public RoundStage Stage { get; private set; }

    /// <summary>Why it was abandoned.</summary>
    public RefusalException? Abandonment { get; private set; }

    /// <summary>The messages of the present stage, for devices that ask again.</summary>
    public IReadOnlyList<OutgoingMessage> Outbox { get; private set; } = [];

    /// <summary>Rebuilds a server from its events. The journal in <paramref name="options"/> is not written again.</summary>
    public static ServerRound Replay(
        RoundConfiguration configuration, ReadOnlySpan<byte> nonce, IMessageSigner signer, ICertificateValidator certificates,
        DateTimeOffset startedAt, IEnumerable<RoundEvent> events, ServerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(events);
        var server = new ServerRound(configuration, nonce, signer, certificates, startedAt, options) { _replaying = true };
        foreach (var step in events)
        {
            if (!step.Message.IsEmpty) server.Receive(step.Message, step.At);
            else if (server.Stage is not (RoundStage.Finished or RoundStage.Abandoned)) server.TryClose(step.At);
        }

        server._replaying = false;
        return server;
    }

    /// <summary>Whether <see cref="Advance"/> would close the stage: everybody answered, or its deadline has come.</summary>
    public bool CanAdvance(DateTimeOffset now) => Stage is not (RoundStage.Finished or RoundStage.Abandoned) && (IsComplete || now >= Deadline);

    /// <inheritdoc/>
    public IReadOnlyList<OutgoingMessage> Advance(DateTimeOffset now)
    {
        if (!CanAdvance(now)) return [];
        Record(now, default);
        TryClose(now);
        if (Abandonment is { } abandonment) throw abandonment;
        return Outbox;
    }

    /// <summary>
    /// The chunks of its report that the server lacks from <paramref name="device"/>, so that an interrupted upload can go on.
    /// </summary>
    public IReadOnlyList<int> MissingChunks(DeviceId device)
    {
        if (Stage != RoundStage.Collecting || !_members.TryGetValue(device, out var member) || member.Reported) return [];
        return [.. (member.Input ?? new InputAssembly(Configuration)).Missing];
    }

    private bool _replaying;

    private bool IsComplete => Stage switch
    {
        RoundStage.Advertising => _members.Count >= RosterGoal,
        RoundStage.Opening => _members.Values.All(member => member.Opening is not null),
        RoundStage.Sharing => _byNumber.All(member => member.Sharing is not null),
        RoundStage.Collecting => Reports >= Math.Min(
            _options.ReportGoal ?? int.MaxValue, _byNumber.Count(member => member.Sharing is not null)),
        RoundStage.Confirming => _byNumber.All(member => !member.Reported || member.Confirmation is not null),
        RoundStage.Unmasking => _byNumber.All(member => member.Confirmation is null || member.Unmasking is not null),
        _ => false,
    };

    private int RosterGoal => Math.Min(_options.RosterGoal ?? int.MaxValue, Configuration.MaximumDevices);

    private int Reports => _byNumber.Count(member => member.Reported);

    private void TryClose(DateTimeOffset now)
    {
        try
        {
            (Outbox, Stage) = Stage switch
            {
                RoundStage.Advertising => (CloseAdvertising(), RoundStage.Opening),
                RoundStage.Opening => (CloseOpening(), RoundStage.Sharing),
                RoundStage.Sharing => (CloseSharing(), RoundStage.Collecting),
                RoundStage.Collecting => (CloseCollecting(), RoundStage.Confirming),
                RoundStage.Confirming => (CloseConfirming(), RoundStage.Unmasking),
                _ => (CloseUnmasking(), RoundStage.Finished),
            };
            Deadline = now + Configuration.Durations.ToArray()[Math.Min((int)Stage, StageDurations.Count - 1)];
        }
        catch (RefusalException e)
        {
            (Stage, Abandonment, Outbox) = (RoundStage.Abandoned, e, []);
            _sum = [];
        }
    }

    private void Record(DateTimeOffset now, ReadOnlyMemory<byte> message)
    {
        if (!_replaying) _options.Journal?.Invoke(new RoundEvent(now, message));
    }

    private OutgoingMessage[] ToAll<T>(T body, IEnumerable<ServerMember> receivers)
        where T : IMessageBody<T>
    {
        var message = MessageCodec.Sign(body, Session, _signer).Bytes;
        return [.. receivers.Select(receiver => new OutgoingMessage(receiver.Entry.Id, message))];
    }

    private OutgoingMessage To<T>(ServerMember receiver, T body)
        where T : IMessageBody<T> =>
        new(receiver.Entry.Id, MessageCodec.Sign(body, Session, _signer).Bytes);

    private static RefusalException Refuse(RefusalReason reason, string problem, params DeviceId[] culprits) =>
        new(reason, "round", problem, culprits: culprits);
}

using System.Security.Cryptography;
using PersonaTune.Privacy.SecureAggregation.Identity;
using PersonaTune.Privacy.SecureAggregation.Messages;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.TwoServers;

/// <summary>
/// The leader in one window: it collects masked reports until its goal or deadline, proposes the set to the helper, and subtracts
/// the helper's sum of masks from its own sum over exactly the reports that the helper accepted. Devices come and go as they like:
/// there is no stage in which they have to be there together. It holds the packed reports in memory until then. Not thread-safe.
/// </summary>
public sealed class WindowLeader : ISecureSum
{
    private readonly IMessageSigner _signer;
    private readonly IMessageVerifier _helper;
    private readonly ICertificateValidator _certificates;
    private readonly ServerOptions _options;
    private readonly SortedDictionary<DeviceId, WindowReport> _reports = [];
    private WindowReport[] _proposed = [];
    private bool _replaying;

    /// <summary>
    /// Opens a window. <paramref name="nonce"/> is 32 bytes never used before; <paramref name="helper"/> is the key that the
    /// helper signs with.
    /// </summary>
    /// <exception cref="RefusalException">The configuration is not valid or is for a single server.</exception>
    public WindowLeader(
        RoundConfiguration configuration, ReadOnlySpan<byte> nonce, IMessageSigner signer, IMessageVerifier helper,
        ICertificateValidator certificates, DateTimeOffset now, ServerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(signer);
        ArgumentNullException.ThrowIfNull(helper);
        ArgumentNullException.ThrowIfNull(certificates);
        if (configuration.Mode != AggregationMode.TwoServers)
            throw Refuse(RefusalReason.ConfigurationInvalid, "the configuration is for a single server; run a ServerRound");
        (Configuration, Session) = (configuration, SessionId.Derive(configuration, nonce));
        (_signer, _helper, _certificates, _options) = (signer, helper, certificates, options ?? new ServerOptions());
        Deadline = now + configuration.Durations.Input;
        Offer = MessageCodec.Sign(new OfferBody(configuration, nonce.ToArray()), Session, signer).Bytes;
    }

    /// <inheritdoc/>
    public SessionId Session { get; }

    /// <inheritdoc/>
    public RoundConfiguration Configuration { get; }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> Offer { get; }

    /// <inheritdoc/>
    public DateTimeOffset Deadline { get; }

    /// <inheritdoc/>
    public SecureSumResult? Result { get; private set; }

    /// <summary>What it is waiting for.</summary>
    public WindowStage Stage { get; private set; }

    /// <summary>The reports that have arrived completely.</summary>
    public int Reports => _reports.Values.Count(report => report.IsComplete);

    private int Goal => Math.Min(_options.ReportGoal ?? int.MaxValue, Configuration.MaximumDevices);

    /// <summary>Rebuilds a leader from its events. The journal in <paramref name="options"/> is not written again.</summary>
    public static WindowLeader Replay(
        RoundConfiguration configuration, ReadOnlySpan<byte> nonce, IMessageSigner signer, IMessageVerifier helper,
        ICertificateValidator certificates, DateTimeOffset startedAt, IEnumerable<RoundEvent> events, ServerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(events);
        var leader = new WindowLeader(configuration, nonce, signer, helper, certificates, startedAt, options) { _replaying = true };
        foreach (var step in events)
        {
            if (step.Message.IsEmpty) leader.Close();
            else leader.Receive(step.Message, step.At);
        }

        leader._replaying = false;
        return leader;
    }

    /// <inheritdoc/>
    public Receipt Receive(ReadOnlyMemory<byte> message, DateTimeOffset now)
    {
        var parsed = SignedMessage.Parse(message.ToArray());
        if (parsed.Session != Session)
            throw Refuse(RefusalReason.ForeignSession, $"{parsed.Type} belongs to session {parsed.Session}; send it there");
        switch (parsed.Type)
        {
            case MessageType.SealedSeed:
                EnsureOpen(now);
                return ReceiveSeed(parsed, now);
            case MessageType.Input:
                EnsureOpen(now);
                return ReceiveInput(parsed, now);
            case MessageType.MaskSum:
                return ReceiveMaskSum(parsed, now);
            default:
                throw Refuse(RefusalReason.UnexpectedMessage, $"nobody sends {parsed.Type} to a leader; drop it");
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<OutgoingMessage> Advance(DateTimeOffset now)
    {
        if (Stage != WindowStage.Collecting || (Reports < Goal && now < Deadline)) return [];
        Record(now, default);
        return Close()
            ? [Proposal]
            : throw Refuse(
                RefusalReason.TooFewSurvivors,
                $"expected at least {Configuration.MinimumDevices} reports, got {Reports}; open another window");
    }

    /// <summary>The proposal for the helper, to send until it answers.</summary>
    public OutgoingMessage Proposal => Stage == WindowStage.Awaiting
        ? new(_helper.Id, MessageCodec.Sign(new ProposalBody([.. _proposed.Select(report => report.Seed)]), Session, _signer).Bytes)
        : throw Refuse(RefusalReason.UnexpectedMessage, $"the window is {Stage}; a proposal exists while it awaits the helper");

    /// <summary>
    /// The chunks of its report that the leader lacks from <paramref name="device"/>, so that an interrupted upload can go on.
    /// </summary>
    public IReadOnlyList<int> MissingChunks(DeviceId device) =>
        Stage == WindowStage.Collecting && _reports.TryGetValue(device, out var report) ? [.. report.Input.Missing] : [];

    private bool Close()
    {
        _proposed = [.. _reports.Values.Where(report => report.IsComplete)];
        Stage = _proposed.Length >= Configuration.MinimumDevices ? WindowStage.Awaiting : WindowStage.Abandoned;
        return Stage == WindowStage.Awaiting;
    }

    private void EnsureOpen(DateTimeOffset now)
    {
        if (Stage != WindowStage.Collecting) throw Refuse(RefusalReason.StageClosed, "the window is closed; report in the next");
        if (now >= Deadline) throw Refuse(RefusalReason.DeadlinePassed, $"the window closed at {Deadline:u}; report in the next");
    }

    private Receipt ReceiveSeed(SignedMessage message, DateTimeOffset now)
    {
        if (_reports.TryGetValue(message.Sender, out var known))
        {
            // The seal is randomised, so that a second seal would be a second mask: one report a device and window.
            if (message.Digest.Span.SequenceEqual(known.Seed.Digest.Span)) return Receipt.Duplicate;
            throw Refuse(RefusalReason.ConflictingMessage, $"{message.Sender} reported before; drop it", message.Sender);
        }

        if (_reports.Count >= Configuration.MaximumDevices)
            throw Refuse(RefusalReason.RosterFull, $"the window holds {_reports.Count} devices; report in the next");
        var report = WindowReport.Verify(message, Session, Configuration, _certificates, now);
        Record(now, message.Bytes);
        _reports.Add(message.Sender, report);
        return Receipt.Accepted;
    }

    private Receipt ReceiveInput(SignedMessage message, DateTimeOffset now)
    {
        if (!_reports.TryGetValue(message.Sender, out var report))
            throw Refuse(RefusalReason.UnknownSender, $"{message.Sender} sent no sealed seed; send that first");
        message.EnsureSignedBy(report.Verifier);
        var body = MessageCodec.Decode<InputBody>(message, Configuration);
        if (report.Input.Check(message, body) == Receipt.Duplicate) return Receipt.Duplicate;
        Record(now, message.Bytes);
        report.Input.Add(message, body);
        // A report that is not the one its seed was signed with stays incomplete and drops out; the device cannot change its mind.
        report.IsComplete = report.Input.IsComplete && SHA256.HashData(report.Input.Packed!).AsSpan().SequenceEqual(
            report.Body.ReportDigest);
        return Receipt.Accepted;
    }

    private Receipt ReceiveMaskSum(SignedMessage message, DateTimeOffset now)
    {
        message.EnsureSignedBy(_helper);
        if (Stage == WindowStage.Finished) return Receipt.Duplicate;
        if (Stage != WindowStage.Awaiting)
            throw Refuse(RefusalReason.UnexpectedMessage, $"the window is {Stage}; nothing was asked of the helper");
        var body = MessageCodec.Decode<MaskSumBody>(message, Configuration);
        var ids = _proposed.Select(report => report.Seed.Sender).ToArray();
        if (body.Accepted.Universe != ids.Length || !body.Accepted.Root(ids).AsSpan().SequenceEqual(body.AcceptedRoot))
            throw Refuse(RefusalReason.ForeignSet, "the helper's sum is over another set than the proposed one; send the proposal again");
        if (body.Accepted.Count < Configuration.MinimumDevices)
        {
            throw Refuse(
                RefusalReason.TooFewSurvivors,
                $"expected at least {Configuration.MinimumDevices} accepted reports, got {body.Accepted.Count}; open another window");
        }

        var sum = Unmask(body);
        Record(now, message.Bytes);
        Result = new SecureSumResult(
            sum, [.. body.Accepted.Members().Select(member => ids[member])], [.. ids.Where((_, i) => !body.Accepted[i])]);
        Stage = WindowStage.Finished;
        foreach (var report in _reports.Values) report.Input.Release();
        return Receipt.Accepted;
    }

    private uint[] Unmask(MaskSumBody body)
    {
        var (sum, buffer) = (new uint[Configuration.Dimension], new uint[Configuration.Dimension]);
        try
        {
            RingSum.AddPacked(sum, body.Packed, Configuration.Bits, buffer);
        }
        catch (PackedVectorException e)
        {
            throw new RefusalException(RefusalReason.Malformed, "sum of masks", e.Problem, e);
        }

        foreach (ref var word in sum.AsSpan()) word = 0 - word;
        foreach (var member in body.Accepted.Members()) RingSum.AddPacked(sum, _proposed[member].Input.Packed, Configuration.Bits, buffer);
        RingSum.Reduce(sum, Configuration.Bits);
        return sum;
    }

    private void Record(DateTimeOffset now, ReadOnlyMemory<byte> message)
    {
        if (!_replaying) _options.Journal?.Invoke(new RoundEvent(now, message));
    }

    private static RefusalException Refuse(RefusalReason reason, string problem, params DeviceId[] culprits) =>
        new(reason, "window", problem, culprits: culprits);
}

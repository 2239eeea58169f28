using System.Runtime.InteropServices;
using System.Security.Cryptography;
using PersonaTune.Privacy.Sealing;
using PersonaTune.Privacy.SecureAggregation.Identity;
using PersonaTune.Privacy.SecureAggregation.Messages;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.TwoServers;

/// <summary>
/// One device in one window of two servers: it answers the leader's offer with its masked report and the mask's seed, sealed to the
/// helper, and is done. Train first.
/// <para>
/// Guarantee: neither server alone learns more of the report than a sum over at least the minimum cohort. It breaks if leader and
/// helper collude, or if the helper answers for two sets that differ in a few devices. Not thread-safe.
/// </para>
/// </summary>
public sealed class WindowReporter
{
    private readonly DevicePolicy _policy;
    private readonly IMessageSigner _identity;
    private readonly IRoundMemory _memory;
    private readonly IRoundReport _report;
    private readonly byte[] _helperKey;
    private readonly ISecretRandom _random;
    private ReadOnlyMemory<byte> _answered;
    private ReadOnlyMemory<byte>[] _answer = [];

    /// <summary>
    /// Prepares a device that trusts the helper with the 65-byte HPKE key <paramref name="helperKey"/>.
    /// <paramref name="random"/> is for tests.
    /// </summary>
    public WindowReporter(
        DevicePolicy policy, IMessageSigner identity, IRoundMemory memory, IRoundReport report, ReadOnlySpan<byte> helperKey,
        ISecretRandom? random = null)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(identity);
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(report);
        P256Point.Validate(helperKey);
        (_policy, _identity, _memory, _report, _helperKey) = (policy, identity, memory, report, helperKey.ToArray());
        _random = random ?? SecretRandom.System;
    }

    /// <summary>
    /// Answers the leader's signed offer: first the sealed seed, then the chunks of the masked report, to send in any order and as often
    /// as it takes. The same offer gets the same answer again; everything else is refused.
    /// </summary>
    /// <exception cref="RefusalException">The offer is refused.</exception>
    public IReadOnlyList<ReadOnlyMemory<byte>> Receive(ReadOnlyMemory<byte> offer, DateTimeOffset now)
    {
        var message = SignedMessage.Parse(offer.ToArray());
        message.EnsureSignedBy(_policy.Server);
        if (message.Digest.Span.SequenceEqual(_answered.Span)) return _answer;
        if (!_answered.IsEmpty) throw Refuse(RefusalReason.RoundOver, "this device has reported; prepare another for the next window");
        if (message.Type != MessageType.Offer)
            throw Refuse(RefusalReason.UnexpectedMessage, $"expected {MessageType.Offer}, got {message.Type}");
        var body = MessageCodec.Decode<OfferBody>(message.Body.Span, "offer");
        var session = SessionId.Derive(body.Configuration, body.Nonce);
        if (session != message.Session)
            throw Refuse(RefusalReason.ForeignSession, "the offer's session is not that of its configuration; drop it");
        Begin(body.Configuration, session);
        _answer = [.. Report(body.Configuration, session).Select(part => part.Bytes)];
        _answered = message.Digest;
        return _answer;
    }

    private void Begin(RoundConfiguration configuration, SessionId session)
    {
        if (configuration.Mode != AggregationMode.TwoServers)
            throw Refuse(RefusalReason.ConfigurationInvalid, "the round is for a single server; answer it with a DeviceRound");
        if (!configuration.HelperKeyHash.Span.SequenceEqual(SHA256.HashData(_helperKey)))
            throw Refuse(RefusalReason.ConfigurationInvalid, "it names another helper than the one this device trusts; leave the window");
        _policy.Check(configuration, _report, _memory);
        if (!_memory.TryBegin(configuration.Task, configuration.Round, session))
        {
            throw Refuse(
                RefusalReason.ReplayedRound,
                $"window {configuration.Round} of task '{configuration.Task}' was seen before; wait for the next");
        }
    }

    private List<SignedMessage> Report(RoundConfiguration configuration, SessionId session)
    {
        var words = ReportEncoding.Encode(_report, _policy, configuration);
        using var seed = SecretKey.Create(MaskStream.KeyLength, _random, static (bytes, random) => random.Fill(bytes));
        MaskStream.Add(seed.Bytes, words);
        var packed = new byte[configuration.PackedLength];
        BitPacking.Pack(words, configuration.Bits, packed);
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(words.AsSpan()));
        var digest = SHA256.HashData(packed);
        if (!_memory.TryTake(session, OneTimeStep.Report, digest))
            throw Refuse(RefusalReason.SecretsAlreadyUsed, "this device reported in the session before; wait for the next window");
        if (!_policy.Budget.TrySpend(configuration, session))
            throw Refuse(RefusalReason.BudgetExhausted, "the budget no longer covers the window; wait until budget is granted");
        var sealedSeed = Hpke.Seal(_helperKey, SealedSeedBody.Purpose(session), _identity.Id.ToArray(), seed.Bytes);
        return
        [
            MessageCodec.Sign(new SealedSeedBody(sealedSeed, digest, _identity.Certificate.ToArray()), session, _identity),
            .. InputBody.Cut(packed, configuration).Select(chunk => MessageCodec.Sign(chunk, session, _identity)),
        ];
    }

    private static RefusalException Refuse(RefusalReason reason, string problem) => new(reason, "window", problem);
}

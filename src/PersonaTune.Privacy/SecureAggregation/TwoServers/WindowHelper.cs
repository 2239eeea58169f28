using System.Security.Cryptography;
using PersonaTune.Privacy.Sealing;
using PersonaTune.Privacy.SecureAggregation.Identity;
using PersonaTune.Privacy.SecureAggregation.Messages;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.TwoServers;

/// <summary>
/// The helper in one window: it opens the seeds of the reports that the leader proposes and answers with the sum of their masks.
/// <para>
/// It answers for a report once. If it answered for two sets that overlap without being the same, the leader would subtract one
/// result from the other and be left with the sum of only those reports in which the sets differ, in the worst case a single one.
/// Disjoint sets and the repetition of an answer reveal nothing of that kind. Not thread-safe.
/// </para>
/// </summary>
public sealed class WindowHelper
{
    private readonly HpkeKeyPair _key;
    private readonly IMessageSigner _signer;
    private readonly IMessageVerifier _leader;
    private readonly ICertificateValidator _certificates;
    private readonly IWindowMemory _memory;
    private readonly int _threads;

    /// <summary>Takes part in the window of the leader's signed offer.</summary>
    /// <param name="offer">The same offer that devices get.</param>
    /// <param name="key">The key pair that devices seal their seeds to.</param>
    /// <param name="signer">The key that the leader knows the helper by.</param>
    /// <param name="leader">The leader's key.</param>
    /// <param name="certificates">Who is enrolled.</param>
    /// <param name="memory">For which sets answers were given.</param>
    /// <param name="cohortFloor">The smallest acceptable minimum cohort. Default 32.</param>
    /// <param name="threads">The threads that sum masks. Default 1.</param>
    /// <exception cref="RefusalException">The offer is not the leader's, or not for this helper, or its cohort is too small.</exception>
    public WindowHelper(
        ReadOnlyMemory<byte> offer, HpkeKeyPair key, IMessageSigner signer, IMessageVerifier leader, ICertificateValidator certificates,
        IWindowMemory memory, int cohortFloor = 32, int threads = 1)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(signer);
        ArgumentNullException.ThrowIfNull(leader);
        ArgumentNullException.ThrowIfNull(certificates);
        ArgumentNullException.ThrowIfNull(memory);
        (_key, _signer, _leader, _certificates, _memory, _threads) = (key, signer, leader, certificates, memory, threads);
        var message = SignedMessage.Parse(offer.ToArray());
        message.EnsureSignedBy(leader);
        if (message.Type != MessageType.Offer)
            throw Refuse(RefusalReason.UnexpectedMessage, $"expected {MessageType.Offer}, got {message.Type}");
        var body = MessageCodec.Decode<OfferBody>(message.Body.Span, "offer");
        Configuration = body.Configuration;
        Session = SessionId.Derive(Configuration, body.Nonce);
        if (Session != message.Session)
            throw Refuse(RefusalReason.ForeignSession, "the offer's session is not that of its configuration; drop it");
        if (Configuration.Mode != AggregationMode.TwoServers || !Configuration.HelperKeyHash.Span.SequenceEqual(
            SHA256.HashData(key.PublicKey.Span)))
            throw Refuse(RefusalReason.ConfigurationInvalid, "the window is not for this helper; offer it to the helper that it names");
        if (Configuration.MinimumDevices < cohortFloor)
        {
            throw Refuse(
                RefusalReason.CohortFloor,
                $"expected a minimum cohort of at least {cohortFloor}, got {Configuration.MinimumDevices}; raise it");
        }
    }

    /// <summary>The session.</summary>
    public SessionId Session { get; }

    /// <summary>What is computed.</summary>
    public RoundConfiguration Configuration { get; }

    /// <summary>
    /// Answers a proposal with the sum of the masks of those reports whose seeds open and are signed by enrolled devices. Others are
    /// left out, and the answer says so.
    /// </summary>
    /// <exception cref="RefusalException">The proposal is refused; nothing was revealed.</exception>
    public ReadOnlyMemory<byte> Receive(ReadOnlyMemory<byte> proposal, DateTimeOffset now)
    {
        var message = SignedMessage.Parse(proposal.ToArray());
        message.EnsureSignedBy(_leader);
        if (message.Session != Session)
            throw Refuse(RefusalReason.ForeignSession, $"the proposal belongs to session {message.Session}; send it to that window");
        var seeds = MessageCodec.Decode<ProposalBody>(message, Configuration).Seeds;
        CheckOrder(seeds);
        var accepted = new MemberSet(seeds.Count);
        var keys = GC.AllocateUninitializedArray<byte>(seeds.Count * MaskStream.KeyLength, pinned: true);
        try
        {
            var count = 0;
            for (var i = 0; i < seeds.Count; i++)
            {
                if (!TryOpen(seeds[i], now, keys.AsSpan(count * MaskStream.KeyLength, MaskStream.KeyLength))) continue;
                accepted[i] = true;
                count++;
            }

            var root = Agree(accepted, [.. seeds.Select(seed => seed.Sender)]);
            return MessageCodec.Sign(new MaskSumBody(accepted, root, Sum(keys, count)), Session, _signer).Bytes;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(keys);
        }
    }

    // Claimed before the sum leaves: a crash in between costs the window, not a device's report.
    private byte[] Agree(MemberSet accepted, DeviceId[] ids)
    {
        if (accepted.Count < Configuration.MinimumDevices)
        {
            throw Refuse(
                RefusalReason.TooFewSurvivors,
                $"expected at least {Configuration.MinimumDevices} valid reports, got {accepted.Count}; wait for more",
                [.. ids.Where((_, i) => !accepted[i])]);
        }

        var root = accepted.Root(ids);
        if (_memory.Claim(Session, root, [.. accepted.Members().Select(member => ids[member])]) == WindowClaim.Overlapping)
        {
            throw Refuse(
                RefusalReason.OverlappingSet,
                "reports of it were in another answer, and the difference would reveal the rest; propose the same set, or none of them");
        }

        return root;
    }

    private byte[] Sum(byte[] keys, int count)
    {
        var (words, signs, packed) = (new uint[Configuration.Dimension], new sbyte[count], new byte[Configuration.PackedLength]);
        Array.Fill(signs, (sbyte)1);
        MaskStream.AddMany(keys.AsSpan(0, count * MaskStream.KeyLength), signs, words, threads: _threads);
        BitPacking.Pack(words, Configuration.Bits, packed);
        return packed;
    }

    private bool TryOpen(SignedMessage message, DateTimeOffset now, Span<byte> seed)
    {
        try
        {
            var body = WindowReport.Verify(message, Session, Configuration, _certificates, now).Body;
            var opened = Hpke.Open(_key, SealedSeedBody.Purpose(Session), message.Sender.ToArray(), body.Seed);
            opened.CopyTo(seed);
            CryptographicOperations.ZeroMemory(opened);
            return true;
        }
        catch (Exception e) when (e is SecureAggregationException or SealException)
        {
            return false;
        }
    }

    private void CheckOrder(IReadOnlyList<SignedMessage> seeds)
    {
        if (seeds.Count > Configuration.MaximumDevices)
            throw Refuse(
                RefusalReason.Malformed, $"expected at most {Configuration.MaximumDevices} reports, got {seeds.Count}; propose fewer");
        for (var i = 1; i < seeds.Count; i++)
        {
            if (seeds[i].Sender == seeds[i - 1].Sender)
                throw Refuse(RefusalReason.DuplicateIdentity, $"{seeds[i].Sender} is proposed twice; propose each report once");
            if (seeds[i].Sender < seeds[i - 1].Sender)
                throw Refuse(RefusalReason.Malformed, "the reports are not in ascending order; sort them");
        }
    }

    private static RefusalException Refuse(RefusalReason reason, string problem, params DeviceId[] culprits) =>
        new(reason, "proposal", problem, culprits: culprits);
}

using FsCheck;
using FsCheck.Fluent;
using PersonaTune.Privacy.SecureAggregation;
using PersonaTune.Privacy.SecureAggregation.Identity;
using PersonaTune.Privacy.SecureAggregation.Messages;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.Tests.SecureAggregation.Protocol;

/// <summary>Round trips and mutations of every message body and of the frame.</summary>
public class MessageCodecTests
{
    private static readonly RoundConfiguration Configuration = TestRounds.Of(3, 40, 100);
    private static readonly Gen<int> Bytes = Gen.Choose(0, 255);

    [Fact]
    public void Bodies_come_back_as_they_were()
    {
        RoundTrip(Blob(32).Select(nonce => new OfferBody(Configuration, nonce)));
        RoundTrip(Advertisements);
        RoundTrip(Gen.ListOf(Signed(Advertisements)).Select(list => new RosterBody([.. list])));
        RoundTrip(Pair(Blob(32), Blob(32), (root, nonce) => new OpenBody(root, nonce)));
        RoundTrip(Sets.SelectMany(set => Gen.ArrayOf(Blob(32), set.Count).Select(nonces => new OpeningsBody(set, nonces))));
        RoundTrip(Pair(Blob(32), Boxes, (view, boxes) => new ShareBody(view, view, boxes)));
        RoundTrip(Pair(
            Gen.ArrayOf(Gen.Choose(0, 40)), Blob(SharePair.BoxLength), (all, box) => new BoxesBody([.. all.Select(sender => (sender, box))])));
        RoundTrip(Pair(Gen.Choose(-1, 5), Gen.Choose(0, 300).SelectMany(Blob), (index, content) => new InputBody(index, content)));
        RoundTrip(Pair(Sets, Sets, (shared, reported) => new SurvivorsBody(shared, reported)));
        RoundTrip(Agreements);
        RoundTrip(Pair(Agreements, Gen.ArrayOf(Requests), (agreed, requests) =>
            new UnmaskRequestBody(agreed, [.. requests.Select(request => (request.Owner, new byte[64]))], requests)));
        RoundTrip(Gen.ArrayOf(Pair(Requests, Shares, (request, share) => (request, share))).Select(shares => new UnmaskBody(shares)));
        RoundTrip(Seeds);
        RoundTrip(Gen.ListOf(Signed(Seeds)).Select(list => new ProposalBody([.. list])));
        RoundTrip(Pair(Sets, Blob(250), (set, packed) => new MaskSumBody(set, packed[..32], packed)));
    }

    [Fact]
    public void Any_bytes_give_a_body_with_this_one_encoding_or_the_typed_error() => Prop.ForAll(Gen.ArrayOf(Bytes).ToArbitrary(), values =>
    {
        var bytes = values.Select(value => (byte)value).ToArray();
        OneEncodingOrRefused(bytes);
        Refused(() => SignedMessage.Parse(bytes));
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    [Fact]
    public void A_frame_that_is_cut_extended_or_altered_is_refused()
    {
        using var signer = Fleet.Device(0);
        var session = SessionId.Derive(Configuration, new byte[32]);
        var message = MessageCodec.Sign(new OpenBody(new byte[32], new byte[32]), session, signer);
        using var key = new VerificationKey(signer.PublicKey);
        message.EnsureSignedBy(key);
        for (var length = 0; length < message.Bytes.Length; length++)
            RoundSimulation.AssertRefused(RefusalReason.Malformed, () => SignedMessage.Parse(message.Bytes[..length]));
        RoundSimulation.AssertRefused(RefusalReason.Malformed, () => SignedMessage.Parse((byte[])[.. message.Bytes.Span, 0]));
        for (var bit = 0; bit < 8 * message.Bytes.Length; bit++)
        {
            var altered = message.Bytes.ToArray();
            altered[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Throws<RefusalException>(() => SignedMessage.Parse(altered).EnsureSignedBy(key));
        }
    }

    [Fact]
    public void A_signature_for_one_type_is_none_for_another()
    {
        using var signer = Fleet.Device(0);
        var session = SessionId.Derive(Configuration, new byte[32]);
        var digests = Enum.GetValues<MessageType>()
            .Select(type => Convert.ToHexString(SignedMessage.DigestOf(type, session, signer.Id, [])));
        Assert.Equal(Enum.GetValues<MessageType>().Length, digests.Distinct().Count());
    }

    [Fact]
    public void A_body_longer_than_the_configuration_allows_is_refused_unread()
    {
        using var signer = Fleet.Device(0);
        var body = new InputBody(0, new byte[Configuration.PackedLength + 1]);
        var message = MessageCodec.Sign(body, SessionId.Derive(Configuration, new byte[32]), signer);
        RoundSimulation.AssertRefused(RefusalReason.Malformed, () => MessageCodec.Decode<InputBody>(message, Configuration));
    }

    [Fact]
    public void Counts_are_checked_before_anything_is_allocated()
    {
        // A share message that states 2^31 - 1 boxes of 104 bytes, and none follows.
        byte[] bytes = [.. new byte[64], 0xff, 0xff, 0xff, 0x7f];
        var before = GC.GetAllocatedBytesForCurrentThread();
        RoundSimulation.AssertRefused(RefusalReason.Malformed, () => MessageCodec.Decode<ShareBody>(bytes, "it"));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
    }

    private static void RoundTrip<T>(Gen<T> bodies)
        where T : IMessageBody<T> =>
        Prop.ForAll(Pair(bodies, Gen.Choose(0, int.MaxValue), (body, choice) => (body, choice)).ToArbitrary(), pair =>
        {
            var bytes = MessageCodec.Encode(pair.body);
            Assert.Equal(bytes, MessageCodec.Encode(MessageCodec.Decode<T>(bytes, "it")));
            Assert.Throws<RefusalException>(() => MessageCodec.Decode<T>([.. bytes, 0], "it"));
            Assert.Throws<RefusalException>(() => MessageCodec.Decode<T>(bytes.AsSpan(0, pair.choice % bytes.Length), "it"));
            bytes[pair.choice % bytes.Length] ^= (byte)(1 << (pair.choice / bytes.Length % 8));
            OneEncodingOrRefused<T>(bytes);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(60));

    private static void OneEncodingOrRefused(byte[] bytes)
    {
        OneEncodingOrRefused<OfferBody>(bytes);
        OneEncodingOrRefused<AdvertiseBody>(bytes);
        OneEncodingOrRefused<RosterBody>(bytes);
        OneEncodingOrRefused<OpenBody>(bytes);
        OneEncodingOrRefused<OpeningsBody>(bytes);
        OneEncodingOrRefused<ShareBody>(bytes);
        OneEncodingOrRefused<BoxesBody>(bytes);
        OneEncodingOrRefused<InputBody>(bytes);
        OneEncodingOrRefused<SurvivorsBody>(bytes);
        OneEncodingOrRefused<ConsistencyBody>(bytes);
        OneEncodingOrRefused<UnmaskRequestBody>(bytes);
        OneEncodingOrRefused<UnmaskBody>(bytes);
        OneEncodingOrRefused<SealedSeedBody>(bytes);
        OneEncodingOrRefused<ProposalBody>(bytes);
        OneEncodingOrRefused<MaskSumBody>(bytes);
    }

    private static void OneEncodingOrRefused<T>(byte[] bytes)
        where T : IMessageBody<T> =>
        Refused(() => Assert.Equal(bytes, MessageCodec.Encode(MessageCodec.Decode<T>(bytes, "it"))));

    private static void Refused(Action action)
    {
        try
        {
            action();
        }
        catch (RefusalException)
        {
            // The typed error; anything else fails the test.
        }
    }

    private static Gen<AdvertiseBody> Advertisements =>
        Pair(Blob(65), Gen.Choose(0, 400).SelectMany(Blob), (key, certificate) => new AdvertiseBody(key, key, key[..32], certificate));

    private static Gen<SealedSeedBody> Seeds =>
        Pair(Blob(SealedSeedBody.SealedLength), Gen.Choose(0, 400).SelectMany(Blob), (seed, certificate) => new SealedSeedBody(
            seed, seed[..32], certificate));

    private static Gen<ConsistencyBody> Agreements =>
        Pair(Blob(96), Gen.Choose(0, 1000), (bytes, count) => new ConsistencyBody(bytes[..32], bytes[32..64], bytes[64..], count));

    private static Gen<ShareRequest> Requests =>
        Pair(Gen.Choose(0, 1000), Gen.Elements(ShareKind.Seed, ShareKind.MaskKey), (owner, kind) => new ShareRequest(owner, kind));

    private static Gen<KeyShare> Shares => Pair(
        Gen.Choose(1, KeyShare.MaxPosition), Gen.ArrayOf(Gen.Choose(0, int.MaxValue), 5),
        (x, limbs) => new KeyShare(x, limbs.Select(limb => (ulong)limb << 29 | (uint)limb >> 2).ToArray()));

    private static Gen<IReadOnlyList<byte[]>> Boxes => Gen.ArrayOf(Blob(SharePair.BoxLength)).Select(boxes => (IReadOnlyList<byte[]>)boxes);

    private static Gen<MemberSet> Sets => Gen.ArrayOf(Gen.Elements(true, false))
        .Select(bits => MemberSet.Of(bits.Length, bits.Index().Where(pair => pair.Item).Select(pair => pair.Index)));

    private static Gen<SignedMessage> Signed<T>(Gen<T> bodies)
        where T : IMessageBody<T> =>
        bodies.Select(body => MessageCodec.Sign(body, SessionId.Derive(Configuration, new byte[32]), Signer));

    private static IdentityKey Signer { get; } = Fleet.Device(0);

    private static Gen<byte[]> Blob(int length) =>
        Gen.ArrayOf(Bytes, length).Select(values => values.Select(value => (byte)value).ToArray());

    private static Gen<T> Pair<TFirst, TSecond, T>(Gen<TFirst> first, Gen<TSecond> second, Func<TFirst, TSecond, T> combine) =>
        first.SelectMany(a => second.Select(b => combine(a, b)));
}

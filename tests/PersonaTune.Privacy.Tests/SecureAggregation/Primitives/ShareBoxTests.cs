using System.Security.Cryptography;
using PersonaTune.Privacy.SecureAggregation;

namespace PersonaTune.Privacy.Tests.SecureAggregation.Primitives;

public class ShareBoxTests
{
    private static readonly byte[] Key = new SeededRandom(1).Bytes(32);
    private static readonly byte[] Sid = new SeededRandom(2).Bytes(32);
    private static readonly byte[] From = new SeededRandom(3).Bytes(16);
    private static readonly byte[] To = new SeededRandom(4).Bytes(16);
    private static readonly byte[] Content = new SeededRandom(5).Bytes(88);

    [Fact]
    public void A_box_is_gcm_with_a_zero_nonce_bound_to_session_sender_and_receiver()
    {
        var box = ShareBox.Seal(Key, Sid, From, To, Content);
        Assert.Equal(Content.Length + ShareBox.Overhead, box.Length);
        using var aes = new AesGcm(Key, 16);
        var plain = new byte[Content.Length];
        aes.Decrypt(new byte[12], box.AsSpan(0, plain.Length), box.AsSpan(plain.Length), plain, (byte[])[.. Sid, .. From, .. To]);
        Assert.Equal(Content, plain);
        Assert.Equal(Content, ShareBox.Open(Key, Sid, From, To, box));
    }

    [Fact]
    public void Every_altered_byte_and_every_other_context_is_refused()
    {
        var box = ShareBox.Seal(Key, Sid, From, To, Content);
        for (var i = 0; i < box.Length; i++)
        {
            var altered = (byte[])box.Clone();
            altered[i] ^= 1;
            Assert.Throws<ShareBoxException>(() => ShareBox.Open(Key, Sid, From, To, altered));
        }

        Assert.Throws<ShareBoxException>(() => ShareBox.Open(Key, Sid, To, From, box));
        Assert.Throws<ShareBoxException>(() => ShareBox.Open(Key, Key, From, To, box));
        Assert.Throws<ShareBoxException>(() => ShareBox.Open(Sid, Sid, From, To, box));
        Assert.Throws<ShareBoxException>(() => ShareBox.Open(Key, Sid, new byte[16], To, box));
        Assert.Throws<ShareBoxException>(() => ShareBox.Open(Key, Sid, From, new byte[16], box));
        Assert.Throws<ShareBoxException>(() => ShareBox.Open(Key, Sid, From, To, (byte[])[.. box, 0]));
        for (var length = 0; length < box.Length; length += 9)
            Assert.Throws<ShareBoxException>(() => ShareBox.Open(Key, Sid, From, To, box.AsSpan(0, length)));
    }

    [Fact]
    public void Wrong_keys_sessions_and_ids_are_refused()
    {
        Assert.Throws<ArgumentException>(() => ShareBox.Seal(new byte[16], Sid, From, To, Content));
        Assert.Throws<ArgumentException>(() => ShareBox.Seal(Key, new byte[31], From, To, Content));
        Assert.Throws<ArgumentException>(() => ShareBox.Seal(Key, Sid, new byte[15], To, Content));
        Assert.Throws<ArgumentException>(() => ShareBox.Open(Key, Sid, From, new byte[17], Content));
    }
}

using System.Buffers.Binary;
using System.Security.Cryptography;
using PersonaTune.Privacy.Mechanisms;

namespace PersonaTune.Privacy.Tests.Mechanisms;

public class NoiseSourceTests
{
    private static readonly byte[] Key = SHA256.HashData("noise source"u8);

    // NIST SP 800-38A defines the mode; the expected bytes come from the platform's own ECB on hand-made counters.
    [Fact]
    public void A_seeded_stream_is_AES_256_in_counter_mode_with_the_stream_number_first()
    {
        var expected = new byte[64];
        for (var block = 0; block < 4; block++)
        {
            BinaryPrimitives.WriteUInt64BigEndian(expected.AsSpan(block * 16), 0x0102030405060708);
            BinaryPrimitives.WriteUInt64BigEndian(expected.AsSpan((block * 16) + 8), (ulong)block);
        }

        using var aes = Aes.Create();
        aes.Key = Key;
        expected = aes.EncryptEcb(expected, PaddingMode.None);
        using var source = new SeededNoiseSource(Key, 0x0102030405060708);
        var found = new byte[64];
        source.Fill(found);
        Assert.Equal(expected, found);
    }

    [Fact]
    public void Pieces_of_any_length_give_the_same_bytes_as_one_request()
    {
        var whole = new byte[70_000];
        using (var source = new SeededNoiseSource(Key)) source.Fill(whole);
        foreach (var piece in new[] { 1, 7, 16, 1000, 1024, 16_383, 16_384, 16_385, 40_000 })
        {
            var joined = new byte[whole.Length];
            using var source = new SeededNoiseSource(Key);
            for (var i = 0; i < joined.Length; i += piece) source.Fill(joined.AsSpan(i, Math.Min(piece, joined.Length - i)));
            Assert.True(joined.AsSpan().SequenceEqual(whole), $"pieces of {piece} bytes");
        }
    }

    [Fact]
    public void Streams_of_one_key_differ()
    {
        byte[] a = new byte[32], b = new byte[32];
        using var first = new SeededNoiseSource(Key, 1);
        using var second = new SeededNoiseSource(Key, 2);
        first.Fill(a);
        second.Fill(b);
        Assert.NotEqual(a, b);
    }

    [Fact]
    public void A_key_of_the_wrong_size_is_refused() => Assert.Throws<ArgumentException>(() => new SeededNoiseSource(new byte[16]));

    // The bits are really random here: |z| > 6 for one binomial happens once in about 5e8 runs, two equal 16-byte pieces never.
    [Fact]
    public void The_cryptographic_source_never_repeats_and_is_balanced()
    {
        using var source = new CryptographicNoiseSource();
        var bytes = new byte[1 << 20];
        for (var (start, piece) = (0, 1); start < bytes.Length; start += piece, piece = (piece * 3 % 40_009) + 1)
            source.Fill(bytes.AsSpan(start, Math.Min(piece, bytes.Length - start)));
        Assert.Equal(bytes.Length / 16, bytes.Chunk(16).Select(Convert.ToHexString).Distinct(StringComparer.Ordinal).Count());
        long ones = 0;
        foreach (var b in bytes) ones += byte.PopCount(b);
        var bits = 8.0 * bytes.Length;
        Assert.InRange((ones - (0.5 * bits)) / (0.5 * Math.Sqrt(bits)), -6, 6);
        source.Dispose();
        Assert.Throws<ObjectDisposedException>(() => source.Fill(bytes));
    }
}

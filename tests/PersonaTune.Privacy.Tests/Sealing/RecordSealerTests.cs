using System.Security.Cryptography;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Privacy.Tests.Sealing;

public class RecordSealerTests
{
    private static readonly SealContext Context = new("example", new byte[16], "messages", new byte[16], "ada", 1, 7);
    private static readonly byte[] Key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    // n4: AES-256-GCM by another implementation; the platform's is the one that sealing uses.
    [Fact]
    public void Platform_cipher_equals_all_reference_vectors()
    {
        var rows = ReferenceRows.Read("n4_aead_vectors.csv").Where(r => string.Equals(r[0], "AES-256-GCM", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(rows);
        foreach (var row in rows)
        {
            var plaintext = ReferenceRows.Bytes(row[4]);
            var output = new byte[plaintext.Length + 16];
            using var gcm = new AesGcm(ReferenceRows.Bytes(row[1]), 16);
            gcm.Encrypt(ReferenceRows.Bytes(row[2]), plaintext, output.AsSpan(0, plaintext.Length), output.AsSpan(plaintext.Length), ReferenceRows.Bytes(row[3]));
            Assert.Equal(row[5], Convert.ToHexStringLower(output));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(123)]
    [InlineData(124)]
    [InlineData(125)]
    [InlineData(100_000)]
    public void Opens_to_what_was_sealed(int length)
    {
        var plaintext = RandomNumberGenerator.GetBytes(length);
        var bytes = RecordSealer.Seal(Key, 3, Context, plaintext);
        Assert.Equal(3u, RecordSealer.EpochOf(bytes, "it"));
        Assert.Equal(plaintext, RecordSealer.Open(Key, Context, bytes));
    }

    [Fact]
    public void Sealing_twice_gives_different_bytes() =>
        Assert.NotEqual(RecordSealer.Seal(Key, 1, Context, "same"u8), RecordSealer.Seal(Key, 1, Context, "same"u8));

    [Fact]
    public void Every_flipped_bit_is_refused()
    {
        var bytes = RecordSealer.Seal(Key, 1, Context, "a message"u8);
        for (var i = 0; i < bytes.Length * 8; i++)
        {
            var altered = (byte[])bytes.Clone();
            altered[i / 8] ^= (byte)(1 << (i % 8));
            var e = Assert.ThrowsAny<SealException>(() => RecordSealer.Open(Key, Context, altered));
            Assert.True(i < 8 ? e is UnsupportedSealVersionException : e is TamperedException);
        }
    }

    [Fact]
    public void Every_truncation_is_refused()
    {
        var bytes = RecordSealer.Seal(Key, 1, Context, new byte[200]);
        for (var length = 0; length < bytes.Length; length++)
            Assert.Throws<TamperedException>(() => RecordSealer.Open(Key, Context, bytes.AsSpan(0, length)));
    }

    public static TheoryData<string> Fields => ["class", "store", "collection", "record", "user", "schema", "version"];

    [Theory]
    [MemberData(nameof(Fields))]
    public void Another_place_or_version_is_refused(string field)
    {
        var other = new byte[16];
        other[3] = 1;
        var moved = field switch
        {
            "class" => Context with { Class = "blob" },
            "store" => Context with { Store = other },
            "collection" => Context with { Collection = "notes" },
            "record" => Context with { Record = other },
            "user" => Context with { User = "bob" },
            "schema" => Context with { Schema = 2 },
            _ => Context with { Version = 8 },
        };
        var bytes = RecordSealer.Seal(Key, 1, Context, "a message"u8);
        Assert.Throws<TamperedException>(() => RecordSealer.Open(Key, moved, bytes));
    }

    [Fact]
    public void Neighbouring_fields_cannot_be_shifted_into_each_other() =>
        Assert.NotEqual((Context with { Class = "ab", Collection = "c", Store = ReadOnlyMemory<byte>.Empty }).Encode(),
            (Context with { Class = "a", Collection = "bc", Store = ReadOnlyMemory<byte>.Empty }).Encode());

    [Fact]
    public void Another_key_is_refused() =>
        Assert.Throws<TamperedException>(() => RecordSealer.Open(new byte[32], Context, RecordSealer.Seal(Key, 1, Context, "x"u8)));

    [Fact]
    public void Length_shows_only_to_an_eighth()
    {
        var previous = 0;
        var distinct = new HashSet<int>();
        for (var length = 0; length < 20_000; length++)
        {
            var padded = Padding.PaddedLength(length);
            Assert.True(padded >= length + 4 && padded >= previous);
            Assert.True(padded <= Math.Max(Padding.MinLength, (length + 4) * 1.125));
            previous = padded;
            distinct.Add(padded);
        }
        Assert.True(distinct.Count < 130, $"{distinct.Count} different sizes");
    }
}

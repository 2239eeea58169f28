using System.Security.Cryptography;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Privacy.Tests.Sealing;

public class HpkeVectorTests
{
    private static readonly Dictionary<string, HpkeVector> Vectors = new(StringComparer.Ordinal)
    {
        ["RFC 9180 A.3.1"] = HpkeVectors.Rfc9180A31,
        ["RFC 9180 A.3.3"] = HpkeVectors.Rfc9180A33,
        ["official base, AES-256-GCM"] = HpkeVectors.OfficialBase,
        ["draft 08 base, AES-256-GCM"] = HpkeVectors.Draft08Base,
        ["draft 08 auth, AES-256-GCM"] = HpkeVectors.Draft08Auth,
    };

    public static TheoryData<string> Names => [.. Vectors.Keys];

    private static byte[] Info => ReferenceRows.Bytes(HpkeVectors.Info);

    [Theory]
    [MemberData(nameof(Names))]
    public void Key_pairs_derive_as_published(string name)
    {
        var v = Vectors[name];
        using var recipient = HpkeKeyPair.Derive(ReferenceRows.Bytes(v.SeedR));
        using var ephemeral = HpkeKeyPair.Derive(ReferenceRows.Bytes(v.SeedE));
        using var exported = recipient.ExportPrivateKey();
        Assert.Equal(v.PrivateR, Convert.ToHexStringLower(exported.Bytes));
        Assert.Equal(v.PublicR, Convert.ToHexStringLower(recipient.PublicKey.Span));
        Assert.Equal(v.Encapsulated, Convert.ToHexStringLower(ephemeral.PublicKey.Span));
        using var sender = v.SeedS is null ? null : HpkeKeyPair.Derive(ReferenceRows.Bytes(v.SeedS));
        Assert.Equal(v.PublicS, sender is null ? "" : Convert.ToHexStringLower(sender.PublicKey.Span));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Both_sides_agree_on_the_published_secret(string name)
    {
        var v = Vectors[name];
        using var recipient = HpkeKeyPair.Import(ReferenceRows.Bytes(v.PrivateR));
        using var ephemeral = HpkeKeyPair.Derive(ReferenceRows.Bytes(v.SeedE));
        using var sender = v.SeedS is null ? null : HpkeKeyPair.Derive(ReferenceRows.Bytes(v.SeedS));
        var sent = new byte[HpkeKem.SecretLength];
        var received = new byte[HpkeKem.SecretLength];
        HpkeKem.Encapsulate(ephemeral, ReferenceRows.Bytes(v.PublicR), sender, "vector", sent);
        HpkeKem.Decapsulate(recipient, ReferenceRows.Bytes(v.Encapsulated), ReferenceRows.Bytes(v.PublicS), "vector", received);
        Assert.Equal(v.SharedSecret, Convert.ToHexStringLower(sent));
        Assert.Equal(v.SharedSecret, Convert.ToHexStringLower(received));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_key_schedule_is_the_published_one(string name)
    {
        var v = Vectors[name];
        using var schedule = new HpkeKeySchedule(v.Aead, v.SeedS is not null, ReferenceRows.Bytes(v.SharedSecret), Info);
        Assert.Equal(v.Key, Convert.ToHexStringLower(schedule.Key));
        Assert.Equal(v.BaseNonce, Convert.ToHexStringLower(schedule.BaseNonce));
        if (v.ExporterSecret is not null) Assert.Equal(v.ExporterSecret, Convert.ToHexStringLower(schedule.ExporterSecret));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Messages_and_exports_are_the_published_ones(string name)
    {
        var v = Vectors[name];
        Assert.NotEmpty(v.Messages);
        var (sender, recipient) = SetUp(v);
        using (sender)
        using (recipient)
        {
            foreach (var (sequence, associatedData, ciphertext) in v.Messages)
            {
                sender.Context.Sequence = recipient.Context.Sequence = (ulong)sequence;
                var message = sender.Seal(ReferenceRows.Bytes(HpkeVectors.Plaintext), ReferenceRows.Bytes(associatedData));
                Assert.Equal(ciphertext, Convert.ToHexStringLower(message));
                Assert.Equal(HpkeVectors.Plaintext, Convert.ToHexStringLower(recipient.Open(message, ReferenceRows.Bytes(associatedData))));
            }
            foreach (var (context, value) in v.Exports)
            {
                using var sent = sender.Export(ReferenceRows.Bytes(context), 32);
                using var received = recipient.Export(ReferenceRows.Bytes(context), 32);
                Assert.Equal(value, Convert.ToHexStringLower(sent.Bytes));
                Assert.Equal(value, Convert.ToHexStringLower(received.Bytes));
            }
        }
    }

    // The Go project's rfc9180.json: SHAKE128 over 1,000 ciphertexts, and over exports of 0 to 999 bytes, of pseudo-random
    // inputs that the official implementation and theirs agree on. Zero bytes are no secret, so our export starts at 1; an empty
    // value adds nothing to the hash.
    [Fact]
    public void A_thousand_messages_and_exports_hash_as_published()
    {
        Assert.True(Shake128.IsSupported, "this test needs a platform with SHAKE128 (OpenSSL 1.1.1 or Windows 11)");
        var (sender, recipient) = SetUp(HpkeVectors.OfficialBase);
        using (sender)
        using (recipient)
        using (var messages = new Shake128())
        using (var exports = new Shake128())
        {
            var inputs = Shake128.HashData([], 1000 * 2 * 256); // a longer output starts with a shorter one
            var (messageInputs, exportInputs) = (new MemoryStream(inputs), new MemoryStream(inputs));
            for (var i = 0; i < 1000; i++)
            {
                var associatedData = Draw(messageInputs);
                var plaintext = Draw(messageInputs);
                var message = sender.Seal(plaintext, associatedData);
                messages.AppendData(message);
                Assert.Equal(plaintext, recipient.Open(message, associatedData));
                var context = Draw(exportInputs);
                if (i == 0) continue;
                using var export = sender.Export(context, i);
                exports.AppendData(export.Bytes);
            }
            Assert.Equal("8d3263541fc1695b6e88ff3a1208577c", Convert.ToHexStringLower(messages.GetHashAndReset(16)));
            Assert.Equal("038af0baa5ce3c4c5f371c3823b15217", Convert.ToHexStringLower(exports.GetHashAndReset(16)));
        }
    }

    // n5: P-256 agreement by another implementation.
    [Fact]
    public void Agreement_equals_all_reference_vectors()
    {
        var rows = ReferenceRows.Read("n5_p256_ecdh_vectors.csv");
        Assert.NotEmpty(rows);
        foreach (var row in rows)
        {
            using var a = HpkeKeyPair.Import(ReferenceRows.Bytes(row[0]));
            using var b = HpkeKeyPair.Import(ReferenceRows.Bytes(row[2]));
            Assert.Equal(row[1], Convert.ToHexStringLower(a.PublicKey.Span));
            Assert.Equal(row[3], Convert.ToHexStringLower(b.PublicKey.Span));
            var shared = new byte[32];
            a.Agree(b.PublicKey.Span, shared, "row");
            Assert.Equal(row[4], Convert.ToHexStringLower(shared));
            b.Agree(a.PublicKey.Span, shared, "row");
            Assert.Equal(row[4], Convert.ToHexStringLower(shared));
        }
    }

    private static (HpkeSender Sender, HpkeRecipient Recipient) SetUp(HpkeVector v)
    {
        using var recipient = HpkeKeyPair.Import(ReferenceRows.Bytes(v.PrivateR));
        using var ephemeral = HpkeKeyPair.Derive(ReferenceRows.Bytes(v.SeedE));
        using var sender = v.SeedS is null ? null : HpkeKeyPair.Derive(ReferenceRows.Bytes(v.SeedS));
        return (HpkeSender.Create(v.Aead, ReferenceRows.Bytes(v.PublicR), Info, sender, ephemeral),
            HpkeRecipient.Create(v.Aead, recipient, ReferenceRows.Bytes(v.Encapsulated), Info, ReferenceRows.Bytes(v.PublicS)));
    }

    private static byte[] Draw(MemoryStream source)
    {
        var bytes = new byte[source.ReadByte()];
        source.ReadExactly(bytes);
        return bytes;
    }
}

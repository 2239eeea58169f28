using System.Security.Cryptography;
using System.Text;
using PersonaTune.Privacy.SecureAggregation;

namespace PersonaTune.Privacy.Tests.SecureAggregation.Primitives;

public class PairwiseKeysTests
{
    private static readonly byte[] Sid = new SeededRandom(1).Bytes(32);
    private static readonly byte[] Low = [.. new byte[15], 1];
    private static readonly byte[] High = [1, .. new byte[15]];

    [Fact]
    public void The_derivation_of_these_tests_equals_the_reference_vectors()
    {
        foreach (var row in ReferenceRows.Read("n3_hkdf_sha256_vectors.csv"))
            Assert.Equal(row[4], Convert.ToHexStringLower(Hkdf(ReferenceRows.Bytes(row[0]), ReferenceRows.Bytes(row[1]), ReferenceRows.Bytes(row[2]), row[4].Length / 2)));
    }

    [Fact]
    public void Mask_and_box_keys_are_derived_as_specified()
    {
        foreach (var row in ReferenceRows.Read("n5_p256_ecdh_vectors.csv"))
        {
            using var key = EphemeralKey.FromScalar(ReferenceRows.Bytes(row[0]));
            using var mask = PairwiseKeys.MaskKey(key, ReferenceRows.Bytes(row[3]), Sid, High, Low);
            using var box = PairwiseKeys.BoxKey(key, ReferenceRows.Bytes(row[3]), Sid, High, Low);
            Assert.Equal(Hkdf(ReferenceRows.Bytes(row[4]), Sid, [.. Encoding.ASCII.GetBytes("PT-SA/1 mask"), .. Low, .. High], 32), mask.Bytes);
            Assert.Equal(Hkdf(ReferenceRows.Bytes(row[4]), Sid, [.. Encoding.ASCII.GetBytes("PT-SA/1 box"), .. High, .. Low], 32), box.Bytes);
        }
    }

    [Fact]
    public void Both_sides_derive_the_same_keys()
    {
        using var a = EphemeralKey.Generate(new SeededRandom(1));
        using var b = EphemeralKey.Generate(new SeededRandom(2));
        using var maskA = PairwiseKeys.MaskKey(a, b.PublicKey, Sid, Low, High);
        using var maskB = PairwiseKeys.MaskKey(b, a.PublicKey, Sid, High, Low);
        Assert.Equal(maskA.Bytes, maskB.Bytes);
        using var there = PairwiseKeys.BoxKey(a, b.PublicKey, Sid, Low, High);
        using var opened = PairwiseKeys.BoxKey(b, a.PublicKey, Sid, Low, High);
        using var back = PairwiseKeys.BoxKey(b, a.PublicKey, Sid, High, Low);
        Assert.Equal(there.Bytes, opened.Bytes);
        Assert.NotEqual(there.Bytes.ToArray(), back.Bytes.ToArray()); // a zero nonce needs one key a direction
        Assert.NotEqual(there.Bytes.ToArray(), maskA.Bytes.ToArray());
    }

    [Fact]
    public void Another_session_or_device_gives_another_key()
    {
        using var a = EphemeralKey.Generate(new SeededRandom(1));
        using var b = EphemeralKey.Generate(new SeededRandom(2));
        var keys = new[] { Key(Sid, Low, High), Key(new byte[32], Low, High), Key(Sid, new byte[16], High), Key(Sid, Low, [2, .. new byte[15]]) };
        Assert.Equal(4, keys.Distinct(StringComparer.Ordinal).Count());

        string Key(byte[] sid, byte[] idA, byte[] idB)
        {
            using var key = PairwiseKeys.MaskKey(a, b.PublicKey, sid, idA, idB);
            return Convert.ToHexString(key.Bytes);
        }
    }

    [Fact]
    public void The_signs_of_a_pair_are_opposite()
    {
        Assert.Equal(1, PairwiseKeys.Sign(Low, High));
        Assert.Equal(-1, PairwiseKeys.Sign(High, Low));
        byte[] top = [0x80, .. new byte[15]];
        Assert.Equal(1, PairwiseKeys.Sign(High, top)); // bytes are unsigned
    }

    [Fact]
    public void Wrong_ids_and_sessions_are_refused()
    {
        using var key = EphemeralKey.Generate(new SeededRandom(1));
        using var peer = EphemeralKey.Generate(new SeededRandom(2));
        var publicKey = peer.PublicKey.ToArray();
        Assert.Throws<ArgumentException>(() => PairwiseKeys.MaskKey(key, publicKey, Sid, Low, Low));
        Assert.Throws<ArgumentException>(() => PairwiseKeys.BoxKey(key, publicKey, Sid, Low, Low));
        Assert.Throws<ArgumentException>(() => PairwiseKeys.MaskKey(key, publicKey, Sid, Low, new byte[15]));
        Assert.Throws<ArgumentException>(() => PairwiseKeys.BoxKey(key, publicKey, Sid, new byte[17], High));
        Assert.Throws<ArgumentException>(() => PairwiseKeys.MaskKey(key, publicKey, new byte[31], Low, High));
        Assert.Throws<InvalidPointException>(() => PairwiseKeys.MaskKey(key, new byte[65], Sid, Low, High));
    }

    // RFC 5869, sections 2.2 and 2.3.
    private static byte[] Hkdf(byte[] ikm, byte[] salt, byte[] info, int length)
    {
        var prk = HMACSHA256.HashData(salt.Length == 0 ? new byte[32] : salt, ikm);
        var (output, block) = (new List<byte>(), Array.Empty<byte>());
        for (byte i = 1; output.Count < length; i++)
        {
            block = HMACSHA256.HashData(prk, (byte[])[.. block, .. info, i]);
            output.AddRange(block);
        }

        return [.. output.Take(length)];
    }
}

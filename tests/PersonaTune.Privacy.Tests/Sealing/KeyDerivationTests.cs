using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Privacy.Tests.Sealing;

public class KeyDerivationTests
{
    // n3: HKDF-SHA256 (RFC 5869) by another implementation.
    [Fact]
    public void Equals_all_reference_vectors()
    {
        var rows = ReferenceRows.Read("n3_hkdf_sha256_vectors.csv");
        Assert.NotEmpty(rows);
        foreach (var row in rows)
        {
            var output = new byte[row[4].Length / 2];
            KeyDerivation.Derive(ReferenceRows.Bytes(row[0]), ReferenceRows.Bytes(row[1]), ReferenceRows.Bytes(row[2]), output);
            Assert.Equal(row[4], Convert.ToHexStringLower(output));
        }
    }

    [Fact]
    public void Fields_cannot_be_shifted_into_each_other()
    {
        var key = new byte[32];
        var tags = new[]
        {
            KeyDerivation.Tag(key, "p", 16, "ab", "c"), KeyDerivation.Tag(key, "p", 16, "a", "bc"),
            KeyDerivation.Tag(key, "p", 16, "abc"), KeyDerivation.Tag(key, "pa", 16, "b", "c"), KeyDerivation.Tag(key, "p", 16, "ab", "c", ""),
        };
        Assert.Equal(tags.Length, tags.Select(Convert.ToHexString).Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void Subkeys_differ_by_purpose_and_fields()
    {
        using var a = KeyDerivation.Subkey(new byte[32], "a");
        using var b = KeyDerivation.Subkey(new byte[32], "b");
        using var c = KeyDerivation.Subkey(new byte[32], "a", [1]);
        Assert.NotEqual(a.Bytes.ToArray(), b.Bytes.ToArray());
        Assert.NotEqual(a.Bytes.ToArray(), c.Bytes.ToArray());
    }
}

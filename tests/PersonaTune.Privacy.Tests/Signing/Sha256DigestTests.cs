using PersonaTune.Privacy.Signing;

namespace PersonaTune.Privacy.Tests.Signing;

public class Sha256DigestTests
{
    // FIPS 180-4's example: SHA-256 of "abc".
    private const string Abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    [Fact]
    public void Text_and_bytes_are_two_forms_of_one_digest()
    {
        var digest = Sha256Digest.Of("abc"u8);
        Assert.Equal(Abc, digest.ToString());
        Assert.True(Sha256Digest.TryParse(Abc, out var parsed));
        Assert.True(digest == parsed && !(digest != parsed) && digest.Equals((object)parsed)
            && digest.GetHashCode() == parsed.GetHashCode());
        Assert.Equal(digest, new Sha256Digest(digest.ToArray()));
        Assert.NotEqual(digest, Sha256Digest.Of("abd"u8));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Sha256Digest(new byte[31]));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD")]
    [InlineData("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a")]
    [InlineData("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad0")]
    [InlineData("ga7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    public void Other_texts_are_refused(string? text) => Assert.False(Sha256Digest.TryParse(text, out _));
}

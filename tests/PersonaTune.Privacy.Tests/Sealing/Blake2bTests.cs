using System.Text;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Privacy.Tests.Sealing;

public class Blake2bTests
{
    // RFC 7693, appendix A.
    [Fact]
    public void Equals_vector_of_the_specification()
    {
        var output = new byte[64];
        Blake2b.Hash("abc"u8, output);
        Assert.Equal("ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
            + "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923", Convert.ToHexStringLower(output));
    }

    [Fact]
    public void Pieces_give_the_same_hash_as_the_whole_at_every_length()
    {
        var data = Encoding.ASCII.GetBytes(new string('x', 300));
        for (var length = 0; length <= 300; length++)
        {
            var whole = new byte[32];
            Blake2b.Hash(data.AsSpan(0, length), whole);
            var pieces = new Blake2b(32);
            for (var i = 0; i < length; i += 7) pieces.Append(data.AsSpan(i, Math.Min(7, length - i)));
            var joined = new byte[32];
            pieces.Finish(joined);
            Assert.Equal(whole, joined);
        }
    }
}

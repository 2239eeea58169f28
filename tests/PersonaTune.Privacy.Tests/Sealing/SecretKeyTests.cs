using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Privacy.Tests.Sealing;

public class SecretKeyTests
{
    [Fact]
    public unsafe void Disposal_zeroes_the_bytes_and_forbids_their_use()
    {
        var key = SecretKey.Random();
        fixed (byte* pinned = key.Bytes)
        {
            Assert.Contains(new ReadOnlySpan<byte>(pinned, key.Length).ToArray(), b => b != 0);
            key.Dispose();
            Assert.All(new ReadOnlySpan<byte>(pinned, key.Length).ToArray(), b => Assert.Equal(0, b));
        }
        Assert.Throws<ObjectDisposedException>(() => key.Bytes.Length);
    }
}

using System.Buffers.Binary;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Privacy.Tests.Sealing;

public class HpkeStreamTests
{
    private const int Chunk = HpkeStreamFormat.ChunkLength;
    private const int FullChunk = HpkeStreamFormat.ChunkHeaderLength + Chunk + Hpke.TagLength;
    private static readonly HpkeKeyPair Recipient = HpkeKeyPair.Derive(new byte[32]);
    private static readonly byte[] Content = new byte[(2 * Chunk) + 100];
    private static readonly byte[] Sealed = Seal(Content);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(Chunk - 1)]
    [InlineData(Chunk)]
    [InlineData(Chunk + 1)]
    [InlineData(2 * Chunk)]
    [InlineData((2 * Chunk) + 12345)]
    public void Opens_to_what_was_written(int length)
    {
        var content = new byte[length];
        new Random(length).NextBytes(content);
        var bytes = Seal(content);
        var chunks = Math.Max(1, (length + Chunk - 1) / Chunk);
        Assert.Equal(HpkeStreamFormat.HeaderLength + length + (chunks * (HpkeStreamFormat.ChunkHeaderLength + Hpke.TagLength)), bytes.Length);
        Assert.Equal(content, Open(bytes));
    }

    [Fact]
    public void The_division_into_writes_and_reads_does_not_matter()
    {
        var content = new byte[Chunk + 7000];
        new Random(1).NextBytes(content);
        using var output = new MemoryStream();
        using (var sealing = new HpkeSealingStream(output, Recipient.PublicKey.Span, "test", leaveOpen: true))
        {
            for (var i = 0; i < content.Length; i += 4099) sealing.Write(content, i, Math.Min(4099, content.Length - i));
            sealing.Complete();
        }
        using var opening = new HpkeOpeningStream(new TrickleStream(output.ToArray()), Recipient, "test");
        var opened = new byte[content.Length + 1];
        var read = 0;
        for (int n; (n = opening.Read(opened, read, Math.Min(1021, opened.Length - read))) > 0;) read += n;
        Assert.Equal(content.Length, read);
        Assert.Equal(content, opened[..read]);
    }

    [Fact]
    public void A_stream_that_was_not_completed_is_truncated()
    {
        foreach (var length in new[] { 0, 10, Chunk, Chunk + 10 })
        {
            using var output = new MemoryStream();
            using (var sealing = new HpkeSealingStream(output, Recipient.PublicKey.Span, "test", leaveOpen: true)) sealing.Write(new byte[length]);
            Assert.Throws<TruncatedException>(() => Open(output.ToArray()));
        }
    }

    [Fact]
    public void Every_truncation_of_a_short_stream_is_named_so()
    {
        var bytes = Seal(new byte[20]);
        for (var length = 0; length < bytes.Length; length++)
            Assert.Throws<TruncatedException>(() => Open(bytes[..length]));
    }

    [Fact]
    public void Every_flipped_bit_of_a_short_stream_is_refused()
    {
        var bytes = Seal(new byte[20]);
        for (var i = 0; i < bytes.Length * 8; i++)
        {
            var altered = (byte[])bytes.Clone();
            altered[i / 8] ^= (byte)(1 << (i % 8));
            Assert.ThrowsAny<SealException>(() => Open(altered));
        }
    }

    [Theory]
    [InlineData("dropped", typeof(TamperedException))]
    [InlineData("duplicated", typeof(TamperedException))]
    [InlineData("reordered", typeof(TamperedException))]
    [InlineData("cut after a chunk", typeof(TruncatedException))]
    [InlineData("cut inside a chunk", typeof(TruncatedException))]
    [InlineData("last flag set early", typeof(TamperedException))]
    [InlineData("last flag cleared", typeof(TamperedException))]
    [InlineData("extended", typeof(TamperedException))]
    [InlineData("two streams", typeof(TamperedException))]
    [InlineData("chunk of another stream", typeof(TamperedException))]
    [InlineData("header of another stream", typeof(TamperedException))]
    [InlineData("length of 2 GiB", typeof(TamperedException))]
    [InlineData("negative length", typeof(TamperedException))]
    [InlineData("short middle chunk", typeof(TamperedException))]
    [InlineData("flag of 2", typeof(TamperedException))]
    public void A_stream_that_is_not_as_written_is_refused(string change, Type expected)
    {
        const int First = HpkeStreamFormat.HeaderLength;
        const int Second = First + FullChunk;
        const int Third = Second + FullChunk;
        var other = Seal(Content);
        byte[] altered = change switch
        {
            "dropped" => [.. Sealed[..First], .. Sealed[Second..]],
            "duplicated" => [.. Sealed[..Second], .. Sealed[First..]],
            "reordered" => [.. Sealed[..First], .. Sealed[Second..Third], .. Sealed[First..Second], .. Sealed[Third..]],
            "cut after a chunk" => Sealed[..Third],
            "cut inside a chunk" => Sealed[..(Second + 1000)],
            "last flag set early" => With(Second, 1, Sealed[..Third]),
            "last flag cleared" => With(Third, 0, Sealed),
            "extended" => [.. Sealed, 0],
            "two streams" => [.. Sealed, .. Sealed],
            "chunk of another stream" => [.. Sealed[..Second], .. other[Second..Third], .. Sealed[Third..]],
            "header of another stream" => [.. other[..First], .. Sealed[First..]],
            "length of 2 GiB" => WithLength(First, int.MaxValue),
            "negative length" => WithLength(First, -1),
            "short middle chunk" => WithLength(Second, 100),
            _ => With(First, 2, Sealed),
        };
        Assert.IsType(expected, Assert.ThrowsAny<SealException>(() => Open(altered)));
    }

    [Fact]
    public void Nothing_of_an_unauthenticated_chunk_is_released_and_the_failure_repeats()
    {
        var altered = (byte[])Sealed.Clone();
        altered[HpkeStreamFormat.HeaderLength + FullChunk + 500] ^= 1;
        using var opening = new HpkeOpeningStream(new MemoryStream(altered), Recipient, "test");
        var first = new byte[Chunk];
        opening.ReadExactly(first);
        Assert.Equal(Content[..Chunk], first);
        var rest = new byte[Chunk];
        rest.AsSpan().Fill(9);
        for (var i = 0; i < 3; i++) Assert.Throws<TamperedException>(() => opening.Read(rest));
        Assert.All(rest, b => Assert.Equal(9, b));
    }

    [Fact]
    public void The_last_chunk_is_not_released_when_bytes_follow_it()
    {
        using var opening = new HpkeOpeningStream(new MemoryStream([.. Seal([1, 2, 3]), 0]), Recipient, "test");
        var buffer = new byte[3];
        Assert.Throws<TamperedException>(() => opening.Read(buffer));
        Assert.Equal(new byte[3], buffer);
    }

    [Fact]
    public void An_empty_last_chunk_after_others_is_refused()
    {
        // Such a stream would be a second form of the same content; only who shares the context can make one.
        using var output = new MemoryStream();
        using var sender = HpkeSender.Create(Recipient.PublicKey.Span, HpkeStreamFormat.Info("test"));
        output.Write([.. HpkeStreamFormat.Magic, HpkeStreamFormat.Version, .. sender.EncapsulatedKey.Span]);
        WriteChunk(output, sender, new byte[Chunk], last: false);
        WriteChunk(output, sender, [], last: true);
        Assert.Throws<TamperedException>(() => Open(output.ToArray()));
    }

    [Fact]
    public void Another_recipient_purpose_version_or_file_is_refused()
    {
        var bytes = Seal([1, 2, 3]);
        using var stranger = HpkeKeyPair.Generate();
        Assert.Throws<TamperedException>(() => Open(bytes, stranger));
        Assert.Throws<TamperedException>(() => Open(bytes, purpose: "other"));
        Assert.Equal(2, Assert.Throws<UnsupportedSealVersionException>(() => Open(With(4, 2, bytes))).Found);
        Assert.Throws<TamperedException>(() => Open(With(0, (byte)'Q', bytes)));
    }

    [Fact]
    public void Auth_mode_names_its_sender()
    {
        using var sender = HpkeKeyPair.Generate();
        using var output = new MemoryStream();
        using (var sealing = new HpkeSealingStream(output, Recipient.PublicKey.Span, "test", sender, leaveOpen: true)) sealing.Complete();
        using var opening = new HpkeOpeningStream(new MemoryStream(output.ToArray()), Recipient, "test", sender.PublicKey.Span);
        Assert.Equal(0, opening.Read(new byte[1]));
        Assert.Throws<TamperedException>(() => Open(output.ToArray()));
    }

    [Fact]
    public void Writing_after_the_end_is_an_error_and_completing_twice_is_not()
    {
        using var output = new MemoryStream();
        using var sealing = new HpkeSealingStream(output, Recipient.PublicKey.Span, "test", leaveOpen: true);
        sealing.Complete();
        var length = output.Length;
        sealing.Complete();
        Assert.Equal(length, output.Length);
        Assert.Throws<InvalidOperationException>(() => sealing.Write([1]));
    }

    private static byte[] Seal(byte[] content)
    {
        using var output = new MemoryStream();
        using (var sealing = new HpkeSealingStream(output, Recipient.PublicKey.Span, "test", leaveOpen: true))
        {
            sealing.Write(content);
            sealing.Complete();
        }
        return output.ToArray();
    }

    private static byte[] Open(byte[] bytes, HpkeKeyPair? recipient = null, string purpose = "test")
    {
        using var opening = new HpkeOpeningStream(new MemoryStream(bytes), recipient ?? Recipient, purpose);
        using var content = new MemoryStream();
        opening.CopyTo(content);
        return content.ToArray();
    }

    private static void WriteChunk(Stream output, HpkeSender sender, byte[] plaintext, bool last)
    {
        var header = new byte[HpkeStreamFormat.ChunkHeaderLength];
        header[0] = last ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(1), plaintext.Length);
        var associatedData = new byte[HpkeStreamFormat.AssociatedDataLength];
        HpkeStreamFormat.WriteAssociatedData(sender.Sequence, header, associatedData);
        output.Write(header);
        output.Write(sender.Seal(plaintext, associatedData));
    }

    private static byte[] With(int index, byte value, byte[] bytes)
    {
        var altered = (byte[])bytes.Clone();
        altered[index] = value;
        return altered;
    }

    private static byte[] WithLength(int chunk, int length)
    {
        var altered = (byte[])Sealed.Clone();
        BinaryPrimitives.WriteInt32LittleEndian(altered.AsSpan(chunk + 1), length);
        return altered;
    }

    /// <summary>Returns at most 777 bytes a read, as a network does.</summary>
    private sealed class TrickleStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(777, buffer.Length)]);
    }
}

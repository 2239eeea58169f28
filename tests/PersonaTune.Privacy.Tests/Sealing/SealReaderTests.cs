using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Privacy.Tests.Sealing;

public class SealReaderTests
{
    [Fact]
    public void Reads_what_was_written()
    {
        using var writer = new SealWriter();
        writer.WriteByte(9);
        writer.WriteText("grüße");
        writer.WriteInt64(long.MinValue);
        writer.WriteDouble(1.5);
        writer.WriteField(new byte[1000]);
        var reader = new SealReader(writer.Written, "it");
        Assert.Equal(9, reader.ReadByte());
        Assert.Equal("grüße", reader.ReadText());
        Assert.Equal(long.MinValue, reader.ReadInt64());
        Assert.Equal(1.5, reader.ReadDouble());
        Assert.Equal(1000, reader.ReadField().Length);
        reader.End();
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(5)]
    [InlineData(int.MaxValue)]
    [InlineData(int.MinValue)]
    public void A_length_that_does_not_fit_is_refused_without_allocation(int length)
    {
        var bytes = new byte[8];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(bytes, length);
        Assert.Throws<TamperedException>(() => new SealReader(bytes, "it").ReadField());
        Assert.Throws<TamperedException>(() => new SealReader(bytes, "it").ReadCount(1));
    }

    [Fact]
    public void Invalid_text_and_trailing_bytes_are_refused()
    {
        Assert.Throws<TamperedException>(() => new SealReader([1, 0, 0, 0, 0xff], "it").ReadText());
        Assert.Throws<TamperedException>(() => new SealReader([1], "it").End());
    }
}

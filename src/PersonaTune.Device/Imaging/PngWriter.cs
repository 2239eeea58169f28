using System.Buffers.Binary;
using System.IO.Compression;
using PersonaTune.Engine.Vision;

namespace PersonaTune.Device.Imaging;

/// <summary>Writes RGB pictures as PNG files of 8 bits a channel. Static and thread-safe.</summary>
public static class PngWriter
{
    /// <summary>The file's bytes.</summary>
    public static byte[] Encode(RgbImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        using var stream = new MemoryStream();
        stream.Write(PngDecoder.Signature);
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, image.Width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), image.Height);
        (header[8], header[9]) = (8, 2);
        Chunk(stream, "IHDR"u8, header);
        Chunk(stream, "IDAT"u8, Compress(image));
        Chunk(stream, "IEND"u8, []);
        return stream.ToArray();
    }

    // Each row as differences from the pixel before (filter 1), which suits photos and drawings alike.
    private static byte[] Compress(RgbImage image)
    {
        using var output = new MemoryStream();
        using (var deflater = new ZLibStream(output, CompressionLevel.Optimal, leaveOpen: true))
        {
            var row = new byte[image.Width * 3 + 1];
            row[0] = 1;
            for (var y = 0; y < image.Height; y++)
            {
                var source = image.Pixels.AsSpan(y * image.Width * 3, image.Width * 3);
                for (var i = 0; i < source.Length; i++) row[1 + i] = (byte)(source[i] - (i >= 3 ? source[i - 3] : 0));
                deflater.Write(row);
            }
        }

        return output.ToArray();
    }

    private static void Chunk(MemoryStream stream, ReadOnlySpan<byte> type, ReadOnlySpan<byte> content)
    {
        var chunk = new byte[content.Length + 12];
        BinaryPrimitives.WriteInt32BigEndian(chunk, content.Length);
        type.CopyTo(chunk.AsSpan(4));
        content.CopyTo(chunk.AsSpan(8));
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(content.Length + 8), PngDecoder.Checksum(chunk.AsSpan(4, content.Length + 4)));
        stream.Write(chunk);
    }
}

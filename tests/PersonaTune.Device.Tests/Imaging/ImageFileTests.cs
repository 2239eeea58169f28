using System.Buffers.Binary;
using System.IO.Compression;
using PersonaTune.Device.Imaging;
using PersonaTune.Engine.Vision;

namespace PersonaTune.Device.Tests.Imaging;

/// <summary>Picture files against Pillow's pixels (<c>tests/reference/images/make.py</c>), and hostile ones.</summary>
public sealed class ImageFileTests
{
    public static TheoryData<string> Files() => [.. Directory.GetFiles(SharedData.Reference("images")).Select(path => Path.GetFileName(path)!)
        .Where(name => !name.EndsWith(".gz", StringComparison.Ordinal) && !name.EndsWith(".py", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public void Pixels_equal_the_peers(string name)
    {
        var image = ImageFile.Decode(Bytes(name), name);
        var expected = Expected(name);
        Assert.Equal(expected.Length, image.Pixels.Length);
        if (!name.EndsWith(".jpg", StringComparison.Ordinal))
        {
            Assert.Equal(expected, image.Pixels);
            return;
        }

        // Two inverse transforms may each be one off, and colour conversion doubles it.
        var (worst, sum) = (0, 0L);
        for (var i = 0; i < expected.Length; i++)
        {
            var difference = Math.Abs(expected[i] - image.Pixels[i]);
            (worst, sum) = (Math.Max(worst, difference), sum + difference);
        }

        Assert.True(worst <= 4 && sum < 0.2 * expected.Length, $"{name}: at most {worst}, mean {(double)sum / expected.Length:F3}");
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void A_shortened_file_is_refused_or_the_same(string name)
    {
        var (bytes, expected) = (Bytes(name), ImageFile.Decode(Bytes(name)).Pixels);
        var refused = 0;
        for (var length = 0; length < bytes.Length; length += Math.Max(1, bytes.Length / 150))
        {
            try
            {
                // What lies behind the last pixel may be missing; of decimal text, the last number's end.
                var pixels = ImageFile.Decode(bytes.AsSpan(0, length)).Pixels;
                Assert.Equal(expected.AsSpan(0, expected.Length - 3), pixels.AsSpan(0, pixels.Length - 3));
            }
            catch (ImageFormatException)
            {
                refused++;
            }
        }

        Assert.True(refused > 20, $"{refused} of the shortened files were refused");
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void A_changed_file_decodes_or_is_refused(string name)
    {
        var original = Bytes(name);
        var random = new Random(17);
        for (var round = 0; round < 300; round++)
        {
            var bytes = (byte[])original.Clone();
            for (var changes = random.Next(1, 5); changes > 0; changes--)
            {
                var at = random.Next(3) == 0 ? random.Next(Math.Min(64, bytes.Length)) : random.Next(bytes.Length);
                bytes[at] = random.Next(3) switch { 0 => 0xFF, 1 => (byte)(bytes[at] ^ (1 << random.Next(8))), _ => (byte)random.Next(256) };
            }

            if (name.EndsWith(".png", StringComparison.Ordinal)) FixChecksums(bytes);
            try
            {
                var image = ImageFile.Decode(bytes, name, new ImageLimits { MaxPixels = 4_000_000 });
                Assert.Equal(image.Width * image.Height * 3, image.Pixels.Length);
            }
            catch (ImageFormatException)
            {
                // The other permitted outcome.
            }
        }
    }

    [Fact]
    public void Hostile_sizes_are_refused_before_memory_is_spent()
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        Refused(Png(60_000, 60_000, 8, 2, [0, 0]), "at most");
        Refused(Png(16_000, 3_000, 8, 6, new byte[50]), "too few");
        Refused(Png(0, 5, 8, 2, []), "at least one");
        Refused("P6\n16000 3000\n255\n"u8.ToArray(), "truncated");
        Refused("P1\n16000 3000\n"u8.ToArray(), "truncated");
        Refused("P6\n999999999999 3\n255\n"u8.ToArray(), "at most");
        var bmp = Bytes("24.bmp");
        BinaryPrimitives.WriteInt32LittleEndian(bmp.AsSpan(22), int.MinValue);
        Refused(bmp, "at most");
        bmp = Bytes("24.bmp");
        BinaryPrimitives.WriteInt32LittleEndian(bmp.AsSpan(18), 16_000);
        Refused(bmp, "truncated");
        bmp = Bytes("rle8.bmp");
        BinaryPrimitives.WriteInt32LittleEndian(bmp.AsSpan(18), 16_000);
        BinaryPrimitives.WriteInt32LittleEndian(bmp.AsSpan(22), 3_000);
        Refused(bmp, "too few");
        var jpeg = Bytes("baseline-444.jpg");
        var frame = jpeg.AsSpan().IndexOf([(byte)0xFF, (byte)0xC0]);
        BinaryPrimitives.WriteUInt16BigEndian(jpeg.AsSpan(frame + 5), 3_000);
        BinaryPrimitives.WriteUInt16BigEndian(jpeg.AsSpan(frame + 7), 16_000);
        Refused(jpeg, "too few");
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);
    }

    [Fact]
    public void Damage_is_named()
    {
        var png = Bytes("rgb8-key.png");
        png[20] ^= 1;
        Refused(png, "checksum");
        Refused(Png(4, 4, 8, 3, new byte[20]), "palette is missing");
        Refused(Png(4, 4, 5, 0, new byte[20]), "is no PNG");
        Refused(Png(2, 2, 8, 0, [9, 1, 1, 0, 1, 1]), "filter 9");
        Refused(Png(2, 2, 8, 0, [0, 1, 1, 0, 1, 1, 0, 1, 1]), "more than the picture");
        Refused(Png(2, 2, 8, 0, [0, 1, 1, 0]), "ends before");
        Refused(Replace(Bytes("baseline-420.jpg"), 0xC0, 0xC9), "arithmetic");
        Refused(Replace(Bytes("baseline-420.jpg"), 0xC0, 0xC3), "lossless");
        Refused("P6\n2 2\n70000\n................"u8.ToArray(), "greatest value");
        Refused("P2\n2 1\n9\n5 77\n"u8.ToArray(), "above the greatest");
        Refused("hello world"u8.ToArray(), "no picture of a known format");
        Refused([], "no picture of a known format");
    }

    [Fact]
    public void A_bomb_of_zeros_is_read_only_to_the_pictures_end()
    {
        // 40 MB of zeros in 40 KB: the data after the picture is not inflated.
        var before = GC.GetAllocatedBytesForCurrentThread();
        Refused(Png(8, 8, 8, 0, new byte[40_000_000]), "more than the picture");
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 40_000_000, 44_000_000);
    }

    [Fact]
    public void What_is_written_comes_back()
    {
        var random = new Random(2);
        foreach (var (width, height) in new[] { (1, 1), (7, 3), (64, 33) })
        {
            var pixels = new byte[width * height * 3];
            random.NextBytes(pixels);
            Assert.Equal(pixels, ImageFile.Decode(PngWriter.Encode(new RgbImage(width, height, pixels))).Pixels);
        }
    }

    [SharedFact("models/mobilenet/cat.bmp")]
    public async Task Photos_of_others_are_read()
    {
        var cat = await ImageFile.ReadAsync(SharedData.Shared("models", "mobilenet", "cat.bmp"));
        Assert.True(cat.Width > 100 && cat.Height > 100);
    }

    private static byte[] Bytes(string name) => File.ReadAllBytes(SharedData.Reference("images", name));

    private static byte[] Expected(string name)
    {
        using var stream = new GZipStream(File.OpenRead(SharedData.Reference("images", name + ".rgb.gz")), CompressionMode.Decompress);
        using var memory = new MemoryStream();
        stream.CopyTo(memory);
        return memory.ToArray();
    }

    private static void Refused(byte[] bytes, string part) =>
        Assert.Contains(part, Assert.Throws<ImageFormatException>(() => ImageFile.Decode(bytes, "x")).Message, StringComparison.Ordinal);

    private static byte[] Replace(byte[] jpeg, byte marker, byte other)
    {
        jpeg[jpeg.AsSpan().IndexOf([(byte)0xFF, marker]) + 1] = other;
        return jpeg;
    }

    private static byte[] Png(int width, int height, byte depth, byte colour, byte[] raw)
    {
        using var data = new MemoryStream();
        using (var z = new ZLibStream(data, CompressionLevel.Fastest, leaveOpen: true)) z.Write(raw);
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = (depth, colour);
        return [.. PngDecoder.Signature, .. Chunk("IHDR"u8, header), .. Chunk("IDAT"u8, data.ToArray()), .. Chunk("IEND"u8, [])];
    }

    private static byte[] Chunk(ReadOnlySpan<byte> type, byte[] content)
    {
        var chunk = new byte[content.Length + 12];
        BinaryPrimitives.WriteInt32BigEndian(chunk, content.Length);
        type.CopyTo(chunk.AsSpan(4));
        content.CopyTo(chunk, 8);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(content.Length + 8), PngDecoder.Checksum(chunk.AsSpan(4, content.Length + 4)));
        return chunk;
    }

    // So that changes reach deeper than the checksums.
    private static void FixChecksums(byte[] png)
    {
        for (var at = 8; at + 12 <= png.Length;)
        {
            var length = BinaryPrimitives.ReadUInt32BigEndian(png.AsSpan(at));
            if (length > png.Length - at - 12) return;
            BinaryPrimitives.WriteUInt32BigEndian(png.AsSpan(at + 8 + (int)length), PngDecoder.Checksum(png.AsSpan(at + 4, 4 + (int)length)));
            at += 12 + (int)length;
        }
    }
}

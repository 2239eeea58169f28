using System.Buffers.Binary;
using System.IO.Compression;
using PersonaTune.Engine.Vision;

namespace PersonaTune.Device.Imaging;

/// <summary>
/// PNG of every colour type, bit depth and interlacing. Checks the checksums of the chunks that it uses; of an animation the first picture is read. What follows
/// the end chunk is ignored.
/// </summary>
internal ref struct PngDecoder(ReadOnlySpan<byte> bytes, string name, ImageLimits limits)
{
    private static readonly uint[] Table = MakeTable();
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _width;
    private int _height;
    private int _depth;
    private int _colour;
    private bool _interlaced;
    private ReadOnlySpan<byte> _palette;
    private ReadOnlySpan<byte> _transparency;
    private bool _hasTransparency;

    public static ReadOnlySpan<byte> Signature => [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A];

    private readonly int Channels => _colour switch { 0 or 3 => 1, 2 => 3, 4 => 2, _ => 4 };

    public RgbImage Decode()
    {
        using var data = new MemoryStream();
        var at = Signature.Length;
        var (first, ended, dataEnded) = (true, false, false);
        while (!ended)
        {
            if (_bytes.Length - at < 12) throw Error("the file ends without an end chunk; it is truncated");
            var length = BinaryPrimitives.ReadUInt32BigEndian(_bytes[at..]);
            var type = _bytes.Slice(at + 4, 4);
            if (length > _bytes.Length - at - 12) throw Error($"a chunk states {length:N0} bytes, more than the file holds; it is truncated");
            var content = _bytes.Slice(at + 8, (int)length);
            var critical = (type[0] & 0x20) == 0;
            if ((critical || type.SequenceEqual("tRNS"u8)) && Checksum(_bytes.Slice(at + 4, 4 + (int)length)) != BinaryPrimitives.ReadUInt32BigEndian(_bytes[(at + 8 + (int)length)..]))
                throw Error($"the checksum of chunk '{System.Text.Encoding.Latin1.GetString(type)}' is wrong; the file is damaged");
            if (first != type.SequenceEqual("IHDR"u8)) throw Error("the header chunk must come first and once");
            first = false;
            if (type.SequenceEqual("IHDR"u8)) Header(content);
            else if (type.SequenceEqual("PLTE"u8)) Palette(content, data.Length > 0);
            else if (type.SequenceEqual("tRNS"u8)) Transparency(content, data.Length > 0);
            else if (type.SequenceEqual("IDAT"u8))
            {
                if (dataEnded) throw Error("the picture's data is interrupted by other chunks");
                data.Write(content);
            }
            else if (type.SequenceEqual("IEND"u8)) ended = true;
            else if (critical) throw Error($"the chunk '{System.Text.Encoding.Latin1.GetString(type)}' is critical and not known here");
            if (data.Length > 0 && !type.SequenceEqual("IDAT"u8)) dataEnded = true;
            at += 12 + (int)length;
        }

        if (data.Length == 0) throw Error("the file has no picture data");
        if (_colour == 3 && _palette.IsEmpty) throw Error("the palette is missing");
        data.Position = 0;
        return Picture(data);
    }

    private void Header(ReadOnlySpan<byte> content)
    {
        if (content.Length != 13) throw Error($"the header has {content.Length} bytes, expected 13");
        var (width, height) = (BinaryPrimitives.ReadUInt32BigEndian(content), BinaryPrimitives.ReadUInt32BigEndian(content[4..]));
        limits.Demand(name, width, height);
        (_width, _height, _depth, _colour, _interlaced) = ((int)width, (int)height, content[8], content[9], content[12] == 1);
        var valid = _colour switch { 0 => _depth is 1 or 2 or 4 or 8 or 16, 3 => _depth is 1 or 2 or 4 or 8, 2 or 4 or 6 => _depth is 8 or 16, _ => false };
        if (!valid || content[10] != 0 || content[11] != 0 || content[12] > 1)
            throw Error($"colour type {_colour} with {_depth} bits, compression {content[10]}, filter {content[11]}, interlacing {content[12]} is no PNG");
    }

    private void Palette(ReadOnlySpan<byte> content, bool late)
    {
        if (late || !_palette.IsEmpty) throw Error("the palette must come once and before the picture's data");
        if (content.Length is 0 or > 768 || content.Length % 3 != 0 || _colour is 0 or 4) throw Error($"a palette of {content.Length} bytes does not belong to colour type {_colour}");
        _palette = content;
    }

    private void Transparency(ReadOnlySpan<byte> content, bool late)
    {
        var valid = _colour switch { 0 => content.Length == 2, 2 => content.Length == 6, 3 => content.Length >= 1 && content.Length <= _palette.Length / 3, _ => false };
        if (late || _hasTransparency || !valid) throw Error($"a transparency chunk of {content.Length} bytes does not belong here");
        _transparency = content;
        _hasTransparency = true;
    }

    private readonly RgbImage Picture(MemoryStream data)
    {
        var bits = _depth * Channels;
        // Deflate makes at most 1,032 bytes of one.
        if ((long)_width * _height * bits / 8 / 1_100 > data.Length + 64) throw Error($"{data.Length:N0} bytes of data are too few for {_width} x {_height} pixels");
        var pixels = new byte[_width * _height * 3];
        try
        {
            using var inflater = new ZLibStream(data, CompressionMode.Decompress);
            if (!_interlaced)
            {
                Pass(inflater, 0, 0, 1, 1, _width, _height, bits, pixels);
            }
            else
            {
                ReadOnlySpan<byte> passes = [0, 0, 8, 8, 4, 0, 8, 8, 0, 4, 4, 8, 2, 0, 4, 4, 0, 2, 2, 4, 1, 0, 2, 2, 0, 1, 1, 2];
                for (var i = 0; i < passes.Length; i += 4)
                {
                    int left = passes[i], top = passes[i + 1], stepX = passes[i + 2], stepY = passes[i + 3];
                    var (width, height) = ((_width - left + stepX - 1) / stepX, (_height - top + stepY - 1) / stepY);
                    if (width > 0 && height > 0) Pass(inflater, left, top, stepX, stepY, width, height, bits, pixels);
                }
            }

            if (inflater.ReadByte() >= 0) throw Error("the data holds more than the picture");
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException)
        {
            // Preset dictionaries and the like come as an input/output failure of the inflater.
            throw new ImageFormatException(name, "the compressed data is damaged", exception);
        }

        return new RgbImage(_width, _height, pixels);
    }

    private readonly void Pass(ZLibStream inflater, int left, int top, int stepX, int stepY, int width, int height, int bits, byte[] pixels)
    {
        var length = (int)(((long)width * bits + 7) / 8);
        var step = Math.Max(1, bits / 8);
        var (row, above) = (new byte[length + 1], new byte[length + 1]);
        for (var y = 0; y < height; y++)
        {
            if (inflater.ReadAtLeast(row, row.Length, throwOnEndOfStream: false) < row.Length) throw Error("the compressed data ends before the picture; the file is truncated");
            Unfilter(row, above, step);
            for (var x = 0; x < width; x++) Pixel(row, x, pixels.AsSpan(((top + y * stepY) * _width + left + x * stepX) * 3, 3));
            (row, above) = (above, row);
        }
    }

    // Byte 0 is the filter; bytes before the row count as zero.
    private readonly void Unfilter(byte[] row, byte[] above, int step)
    {
        switch (row[0])
        {
            case 0:
                break;
            case 1:
                for (var i = 1 + step; i < row.Length; i++) row[i] += row[i - step];
                break;
            case 2:
                for (var i = 1; i < row.Length; i++) row[i] += above[i];
                break;
            case 3:
                for (var i = 1; i < row.Length; i++) row[i] += (byte)(((i > step ? row[i - step] : 0) + above[i]) / 2);
                break;
            case 4:
                for (var i = 1; i < row.Length; i++) row[i] += i > step ? Paeth(row[i - step], above[i], above[i - step]) : above[i];
                break;
            default:
                throw Error($"a row has filter {row[0]}, which is not defined");
        }
    }

    private static byte Paeth(int left, int up, int corner)
    {
        var estimate = left + up - corner;
        int toLeft = Math.Abs(estimate - left), toUp = Math.Abs(estimate - up), toCorner = Math.Abs(estimate - corner);
        return (byte)(toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner);
    }

    private readonly void Pixel(byte[] row, int x, Span<byte> target)
    {
        switch (_colour)
        {
            case 3:
                var index = Sample(row, x);
                if (index * 3 >= _palette.Length) throw Error($"a pixel has colour {index} of a palette of {_palette.Length / 3}");
                Blend(_palette[3 * index], _palette[3 * index + 1], _palette[3 * index + 2], index < _transparency.Length ? _transparency[index] : 255, target);
                break;
            case 0:
                var grey = Sample(row, x);
                var value = (byte)(_depth == 16 ? grey >> 8 : grey * 255 / ((1 << _depth) - 1));
                Blend(value, value, value, _hasTransparency && grey == BinaryPrimitives.ReadUInt16BigEndian(_transparency) ? 0 : 255, target);
                break;
            case 2:
                var (red, green, blue) = (Sample(row, 3 * x), Sample(row, 3 * x + 1), Sample(row, 3 * x + 2));
                var clear = _hasTransparency && red == BinaryPrimitives.ReadUInt16BigEndian(_transparency) && green == BinaryPrimitives.ReadUInt16BigEndian(_transparency[2..])
                    && blue == BinaryPrimitives.ReadUInt16BigEndian(_transparency[4..]);
                Blend(Byte(red), Byte(green), Byte(blue), clear ? 0 : 255, target);
                break;
            case 4:
                var level = Byte(Sample(row, 2 * x));
                Blend(level, level, level, Byte(Sample(row, 2 * x + 1)), target);
                break;
            default:
                Blend(Byte(Sample(row, 4 * x)), Byte(Sample(row, 4 * x + 1)), Byte(Sample(row, 4 * x + 2)), Byte(Sample(row, 4 * x + 3)), target);
                break;
        }
    }

    private readonly byte Byte(int sample) => (byte)(_depth == 16 ? sample >> 8 : sample);

    private readonly int Sample(byte[] row, int index) => _depth switch
    {
        8 => row[1 + index],
        16 => row[1 + 2 * index] << 8 | row[2 + 2 * index],
        _ => row[1 + index * _depth / 8] >> (8 - _depth - index * _depth % 8) & ((1 << _depth) - 1),
    };

    private static void Blend(byte red, byte green, byte blue, int alpha, Span<byte> target)
    {
        if (alpha == 255) (target[0], target[1], target[2]) = (red, green, blue);
        else (target[0], target[1], target[2]) = (Over(red, alpha), Over(green, alpha), Over(blue, alpha));
    }

    private static byte Over(int value, int alpha) => (byte)((value * alpha + 255 * (255 - alpha) + 127) / 255);

    internal static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes) crc = Table[(byte)(crc ^ value)] ^ crc >> 8;
        return ~crc;
    }

    private static uint[] MakeTable()
    {
        var table = new uint[256];
        for (var i = 0u; i < 256; i++)
        {
            var c = i;
            for (var k = 0; k < 8; k++) c = (c & 1) != 0 ? 0xEDB88320 ^ c >> 1 : c >> 1;
            table[i] = c;
        }

        return table;
    }

    private readonly ImageFormatException Error(string problem) => new(name, problem);
}

using System.Buffers.Binary;
using PersonaTune.Engine.Vision;

namespace PersonaTune.Device.Imaging;

/// <summary>
/// JPEG: baseline, extended sequential and progressive, 8 bits, Huffman coded; grey, YCbCr, RGB, CMYK and YCCK; the orientation of its EXIF block is applied. A
/// file whose data ends early is refused.
/// </summary>
internal ref partial struct JpegDecoder(ReadOnlySpan<byte> bytes, string name, ImageLimits limits)
{
    private const int MaxScans = 200;

    private static ReadOnlySpan<byte> ZigZag =>
    [
        0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
        35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
    ];

    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private readonly ushort[]?[] _divisors = new ushort[4][];
    private readonly JpegHuffman?[] _direct = new JpegHuffman?[4];
    private readonly JpegHuffman?[] _alternating = new JpegHuffman?[4];
    private JpegComponent[] _components = [];
    private int _width;
    private int _height;
    private int _maxHorizontal;
    private int _maxVertical;
    private bool _progressive;
    private int _restart;
    private int _adobe = -1;
    private bool _jfif;
    private int _orientation = 1;

    // Coefficients first..last of a scan and the bit positions of successive approximation; run of blocks that are all zero.
    private int _first;
    private int _last;
    private int _high;
    private int _low;
    private int _run;

    public RgbImage Decode()
    {
        var at = 2;
        var scans = 0;
        while (true)
        {
            var marker = NextMarker(ref at);
            if (marker == 0xD9) break;
            if (marker is 0xD8 or 0x01 or (>= 0xD0 and <= 0xD7)) throw Error($"the marker 0x{marker:X2} does not belong at byte {at - 2}");
            if (_bytes.Length - at < 2) throw Truncated();
            int length = BinaryPrimitives.ReadUInt16BigEndian(_bytes[at..]);
            if (length < 2 || length > _bytes.Length - at) throw Truncated();
            var content = _bytes.Slice(at + 2, length - 2);
            at += length;
            switch (marker)
            {
                case 0xC0 or 0xC1 or 0xC2:
                    Frame(content, marker == 0xC2);
                    break;
                case 0xC4:
                    HuffmanTables(content);
                    break;
                case 0xDB:
                    QuantizationTables(content);
                    break;
                case 0xDD:
                    if (content.Length != 2) throw Error("the restart interval must have two bytes");
                    _restart = BinaryPrimitives.ReadUInt16BigEndian(content);
                    break;
                case 0xDA:
                    if (++scans > MaxScans) throw Error($"the file has more than {MaxScans} scans, which no encoder makes");
                    Scan(content, ref at);
                    break;
                case 0xE0:
                    _jfif |= content.StartsWith("JFIF\0"u8);
                    break;
                case 0xE1:
                    if (content.StartsWith("Exif\0\0"u8)) _orientation = JpegOrientation.Read(content[6..]);
                    break;
                case 0xEE:
                    if (content.StartsWith("Adobe"u8) && content.Length >= 12) _adobe = content[11];
                    break;
                case 0xC3 or (>= 0xC5 and <= 0xC7) or (>= 0xC9 and <= 0xCB) or (>= 0xCD and <= 0xCF):
                    throw Error(marker >= 0xC9 ? "arithmetic coding is not supported; save the picture as baseline or progressive JPEG"
                        : "lossless and hierarchical JPEG are not supported; save the picture as baseline or progressive JPEG");
                case 0xDC:
                    throw Error("a height given after the picture is not supported");
            }
        }

        if (scans == 0) throw Error("the file has no picture data");
        foreach (var component in _components)
            if (component.Divisors is null) throw Error("a colour component has no data");
        return Finish();
    }

    private readonly int NextMarker(ref int at)
    {
        if (_bytes.Length - at < 2) throw Truncated();
        if (_bytes[at] != 0xFF) throw Error($"expected a marker at byte {at}, found 0x{_bytes[at]:X2}; the file is damaged");
        while (at < _bytes.Length && _bytes[at] == 0xFF) at++;
        return at < _bytes.Length ? _bytes[at++] : throw Truncated();
    }

    private void Frame(ReadOnlySpan<byte> content, bool progressive)
    {
        if (_components.Length > 0) throw Error("the file has two frames");
        if (content.Length < 6) throw Error("the frame's header is too short");
        if (content[0] != 8) throw Error($"{content[0]} bits a sample are not supported (8 are)");
        (_height, _width, _progressive) = (BinaryPrimitives.ReadUInt16BigEndian(content[1..]), BinaryPrimitives.ReadUInt16BigEndian(content[3..]), progressive);
        limits.Demand(name, _width, _height);
        int count = content[5];
        if (count is not (1 or 3 or 4) || content.Length != 6 + 3 * count) throw Error($"{count} colour components with a header of {content.Length} bytes are not supported");
        var components = new JpegComponent[count];
        for (var i = 0; i < count; i++)
        {
            int id = content[6 + 3 * i], horizontal = content[7 + 3 * i] >> 4, vertical = content[7 + 3 * i] & 15, table = content[8 + 3 * i];
            if (horizontal is < 1 or > 4 || vertical is < 1 or > 4 || table > 3) throw Error($"component {id} has sampling {horizontal} x {vertical} and quantization table {table}");
            for (var k = 0; k < i; k++)
                if (components[k].Id == id) throw Error($"component {id} occurs twice");
            components[i] = new JpegComponent(id, horizontal, vertical, table);
        }

        // A single component is coded block by block whatever its factors.
        if (count == 1) components[0] = new JpegComponent(components[0].Id, 1, 1, components[0].Quantization);
        (_maxHorizontal, _maxVertical) = (components.Max(c => c.Horizontal), components.Max(c => c.Vertical));
        var (unitsX, unitsY) = (Ceiling(_width, 8 * _maxHorizontal), Ceiling(_height, 8 * _maxVertical));
        long blocks = 0;
        foreach (var component in components)
        {
            if (_maxHorizontal % component.Horizontal != 0 || _maxVertical % component.Vertical != 0) throw Error("sampling factors that do not divide each other are not supported");
            component.Columns = Ceiling(Ceiling(_width * component.Horizontal, _maxHorizontal), 8);
            component.Rows = Ceiling(Ceiling(_height * component.Vertical, _maxVertical), 8);
            (component.PaddedColumns, component.PaddedRows) = (unitsX * component.Horizontal, unitsY * component.Vertical);
            blocks += (long)component.Columns * component.Rows;
        }

        // Every block takes at least one bit of the first scan that codes it.
        if (blocks / 8 > _bytes.Length) throw Error($"{_bytes.Length:N0} bytes are too few for {_width} x {_height} pixels; the file is truncated");
        foreach (var component in components) component.Coefficients = new short[component.PaddedColumns * component.PaddedRows * 64];
        _components = components;
    }

    private readonly void QuantizationTables(ReadOnlySpan<byte> content)
    {
        while (content.Length > 0)
        {
            var (wide, index) = (content[0] >> 4, content[0] & 15);
            var length = wide == 0 ? 64 : 128;
            if (wide > 1 || index > 3 || content.Length < 1 + length) throw Error("a quantization table is malformed");
            var table = new ushort[64];
            for (var i = 0; i < 64; i++)
            {
                var value = wide == 0 ? content[1 + i] : BinaryPrimitives.ReadUInt16BigEndian(content[(1 + 2 * i)..]);
                table[ZigZag[i]] = value > 0 ? (ushort)value : throw Error("a quantization table holds zero");
            }

            _divisors[index] = table;
            content = content[(1 + length)..];
        }
    }

    private readonly void HuffmanTables(ReadOnlySpan<byte> content)
    {
        while (content.Length > 0)
        {
            var (kind, index) = (content[0] >> 4, content[0] & 15);
            if (kind > 1 || index > 3 || content.Length < 17) throw Error("a Huffman table is malformed");
            var counts = content.Slice(1, 16);
            var total = 0;
            foreach (var value in counts) total += value;
            if (total > 256 || content.Length < 17 + total) throw Error($"a Huffman table of {total} codes is malformed");
            (kind == 0 ? _direct : _alternating)[index] = JpegHuffman.Create(counts, content.Slice(17, total)) ?? throw Error("a Huffman table has more codes than bits allow");
            content = content[(17 + total)..];
        }
    }

    private readonly RgbImage Finish()
    {
        foreach (var component in _components)
        {
            var stride = component.PaddedColumns * 8;
            component.Samples = new byte[component.PaddedRows * 8 * stride];
            for (var y = 0; y < component.PaddedRows; y++)
                for (var x = 0; x < component.PaddedColumns; x++)
                    JpegTransform.Inverse(component.Coefficients.AsSpan((y * component.PaddedColumns + x) * 64, 64), component.Divisors!, component.Samples.AsSpan(y * 8 * stride + x * 8), stride);
            component.Coefficients = [];
        }

        var ids = _components.Select(component => component.Id).ToArray();
        var colour = _components.Length switch
        {
            1 => JpegColour.Grey,
            3 => _adobe == 0 || (_adobe < 0 && !_jfif && ids.AsSpan().SequenceEqual([(int)'R', 'G', 'B'])) ? JpegColour.Rgb : JpegColour.YCbCr,
            _ => _adobe == 2 ? JpegColour.Ycck : JpegColour.Cmyk,
        };
        var pixels = new byte[_width * _height * 3];
        JpegPixels.Write(_components, _maxHorizontal, _maxVertical, _width, _height, colour, pixels);
        return JpegOrientation.Apply(new RgbImage(_width, _height, pixels), _orientation);
    }

    private static int Ceiling(int value, int unit) => (value + unit - 1) / unit;

    private readonly ImageFormatException Truncated() => Error("the file ends early; it is truncated");

    private readonly ImageFormatException Error(string problem) => new(name, problem);
}

using System.Buffers.Binary;
using System.Numerics;
using PersonaTune.Engine.Vision;

namespace PersonaTune.Device.Imaging;

/// <summary>Windows bitmaps: 1, 4, 8, 16, 24 and 32 bits, with palette, bit fields or run lengths, upright or upside down. Alpha is ignored.</summary>
internal ref struct BmpDecoder(ReadOnlySpan<byte> bytes, string name, ImageLimits limits)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _width;
    private int _height;
    private int _bits;
    private int _data;
    private ReadOnlySpan<byte> _palette;
    private int _paletteStep;

    public RgbImage Decode()
    {
        if (_bytes.Length < 26) throw Error("the file ends within its header");
        var header = UInt32(14);
        if (header != 12 && header is not (40 or 52 or 56 or 64 or 108 or 124)) throw Error($"the header has {header} bytes, which is no known version");
        if (_bytes.Length < 14 + header) throw Error("the file ends within its header");
        var core = header == 12;
        long height = core ? UInt16(20) : (int)UInt32(22);
        (_width, _bits) = (core ? UInt16(18) : (int)UInt32(18), core ? UInt16(24) : UInt16(28));
        var compression = core ? 0 : UInt32(30);
        limits.Demand(name, _width, Math.Abs(height));
        _height = (int)Math.Abs(height);
        var valid = compression switch { 0 => _bits is 1 or 4 or 8 or 16 or 24 or 32, 1 => _bits == 8, 2 => _bits == 4, 3 or 6 => _bits is 16 or 32, _ => false };
        if (!valid) throw Error($"{_bits} bits a pixel with compression {compression} are not supported");
        if (compression is 1 or 2 && height < 0) throw Error("a bitmap of run lengths cannot be upside down");
        var offset = UInt32(10);
        if (offset > _bytes.Length || offset < 14 + header) throw Error($"the pixels begin at byte {offset} of {_bytes.Length}");
        _data = (int)offset;
        var masks = Masks(compression);
        if (_bits <= 8) Palette((int)header, core);

        if (compression is 1 or 2) return RunLengths(compression == 1);
        var stride = ((long)_width * _bits + 31) / 32 * 4;
        if (_bytes.Length - _data < stride * _height) throw Error($"{_width} x {_height} pixels of {_bits} bits need {stride * _height:N0} bytes, found {_bytes.Length - _data:N0}; the file is truncated");
        var pixels = new byte[_width * _height * 3];
        for (var y = 0; y < _height; y++)
        {
            var row = _bytes.Slice(_data + (int)((height > 0 ? _height - 1 - y : y) * stride), (int)stride);
            for (var x = 0; x < _width; x++) Pixel(row, x, masks, pixels.AsSpan((y * _width + x) * 3, 3));
        }

        return new RgbImage(_width, _height, pixels);
    }

    private readonly (uint Red, uint Green, uint Blue) Masks(uint compression)
    {
        if (_bits is not (16 or 32)) return default;
        if (compression is not (3 or 6)) return _bits == 16 ? (0x7C00u, 0x3E0u, 0x1Fu) : (0xFF0000u, 0xFF00u, 0xFFu);
        // In the header of later versions, behind the header of the first.
        if (_bytes.Length < 66) throw Error("the file ends within its bit fields");
        var masks = (Red: UInt32(54), Green: UInt32(58), Blue: UInt32(62));
        foreach (var mask in new[] { masks.Red, masks.Green, masks.Blue })
        {
            var width = BitOperations.PopCount(mask);
            if (mask == 0 || width > 16 || (mask >> BitOperations.TrailingZeroCount(mask)) != (1u << width) - 1 || (_bits == 16 && mask > 0xFFFF))
                throw Error($"0x{mask:X8} is no usable bit field");
        }

        if ((masks.Red & masks.Green) != 0 || (masks.Red & masks.Blue) != 0 || (masks.Green & masks.Blue) != 0) throw Error("the bit fields overlap");
        return masks;
    }

    private void Palette(int header, bool core)
    {
        _paletteStep = core ? 3 : 4;
        var stated = core ? 0 : UInt32(46);
        var count = stated == 0 ? 1u << _bits : stated;
        if (count > 256) throw Error($"the palette states {count} colours; at most 256 are possible");
        var start = 14 + header;
        var available = (_data - start) / _paletteStep;
        if (available < 1) throw Error("the palette is missing");
        _palette = _bytes.Slice(start, (int)Math.Min(count, available) * _paletteStep);
    }

    private readonly void Pixel(ReadOnlySpan<byte> row, int x, (uint Red, uint Green, uint Blue) masks, Span<byte> target)
    {
        switch (_bits)
        {
            case 24:
                (target[0], target[1], target[2]) = (row[3 * x + 2], row[3 * x + 1], row[3 * x]);
                break;
            case 16 or 32:
                var value = _bits == 16 ? BinaryPrimitives.ReadUInt16LittleEndian(row[(2 * x)..]) : BinaryPrimitives.ReadUInt32LittleEndian(row[(4 * x)..]);
                (target[0], target[1], target[2]) = (Field(value, masks.Red), Field(value, masks.Green), Field(value, masks.Blue));
                break;
            default:
                Colour(row[x * _bits / 8] >> (8 - _bits - x * _bits % 8) & ((1 << _bits) - 1), target);
                break;
        }
    }

    private static byte Field(uint value, uint mask)
    {
        var greatest = mask >> BitOperations.TrailingZeroCount(mask);
        return (byte)(((value & mask) >> BitOperations.TrailingZeroCount(mask)) * 255 / greatest);
    }

    private readonly void Colour(int index, Span<byte> target)
    {
        if ((index + 1) * _paletteStep > _palette.Length) throw Error($"a pixel has colour {index} of a palette of {_palette.Length / _paletteStep}");
        (target[0], target[1], target[2]) = (_palette[index * _paletteStep + 2], _palette[index * _paletteStep + 1], _palette[index * _paletteStep]);
    }

    // Pixels that no run covers are colour 0.
    private readonly RgbImage RunLengths(bool bytes8)
    {
        // A run covers at most 255 pixels with two bytes, but whole rows may be skipped with four.
        if ((long)_width * _height > (_bytes.Length - _data) * 4096L + 65_536) throw Error($"{_bytes.Length - _data:N0} bytes of runs are too few for {_width} x {_height} pixels");
        var pixels = new byte[_width * _height * 3];
        for (var i = 0; i < _width * _height; i++) Colour(0, pixels.AsSpan(3 * i, 3));
        var (at, x, y) = (_data, 0, 0);
        while (true)
        {
            if (at + 2 > _bytes.Length) throw Error("the runs end without an end mark; the file is truncated");
            int count = _bytes[at], value = _bytes[at + 1];
            at += 2;
            if (count > 0)
            {
                for (var i = 0; i < count; i++) Put(bytes8 ? value : i % 2 == 0 ? value >> 4 : value & 15, ref x, y, pixels);
            }
            else if (value == 0)
            {
                (x, y) = (0, y + 1);
            }
            else if (value == 1)
            {
                return new RgbImage(_width, _height, pixels);
            }
            else if (value == 2)
            {
                if (at + 2 > _bytes.Length) throw Error("the runs end within a move; the file is truncated");
                (x, y) = (x + _bytes[at], y + _bytes[at + 1]);
                at += 2;
                if (x > _width || y >= _height) throw Error("a move leaves the picture");
            }
            else
            {
                var length = bytes8 ? value : (value + 1) / 2;
                if (at + length > _bytes.Length) throw Error("the runs end within literal pixels; the file is truncated");
                for (var i = 0; i < value; i++) Put(bytes8 ? _bytes[at + i] : i % 2 == 0 ? _bytes[at + i / 2] >> 4 : _bytes[at + i / 2] & 15, ref x, y, pixels);
                at += (length + 1) / 2 * 2;
            }
        }
    }

    private readonly void Put(int index, ref int x, int y, byte[] pixels)
    {
        if (x >= _width || y >= _height) throw Error("a run leaves its row or the picture");
        Colour(index, pixels.AsSpan(((_height - 1 - y) * _width + x++) * 3, 3));
    }

    private readonly int UInt16(int at) => BinaryPrimitives.ReadUInt16LittleEndian(_bytes[at..]);

    private readonly uint UInt32(int at) => BinaryPrimitives.ReadUInt32LittleEndian(_bytes[at..]);

    private readonly ImageFormatException Error(string problem) => new(name, problem);
}

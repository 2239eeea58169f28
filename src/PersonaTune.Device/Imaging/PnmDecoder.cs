using PersonaTune.Engine.Vision;

namespace PersonaTune.Device.Imaging;

/// <summary>Netpbm: P1 to P3 as decimal text, P4 to P6 as bytes; one picture a file.</summary>
internal ref struct PnmDecoder(ReadOnlySpan<byte> bytes, string name, ImageLimits limits)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _at = 2;

    public RgbImage Decode()
    {
        var kind = _bytes[1] - '0';
        var (width, height) = (Number("width"), Number("height"));
        var maximum = kind is 1 or 4 ? 1 : Number("greatest value");
        limits.Demand(name, width, height);
        if (maximum is < 1 or > 65_535) throw Error($"the greatest value must be 1 to 65535, found {maximum}");
        var channels = kind is 3 or 6 ? 3 : 1;
        var samples = (long)width * height * channels;
        if (kind >= 4)
        {
            if (_at >= _bytes.Length || !IsSpace(_bytes[_at])) throw Error("a space must end the header");
            _at++;
        }

        // Each sample takes at least so many bytes; only then are pixels provided for.
        var least = kind switch { 1 => samples, 2 or 3 => 2 * samples - 1, 4 => (width + 7L) / 8 * height, _ => samples * (maximum > 255 ? 2 : 1) };
        if (_bytes.Length - _at < least) throw Error($"{width} x {height} pixels need {least:N0} more bytes, found {_bytes.Length - _at:N0}; the file is truncated");
        var pixels = new byte[width * height * 3];
        for (var y = 0; y < height; y++)
            for (var x = 0; x < width; x++)
            {
                var target = (y * width + x) * 3;
                for (var c = 0; c < channels; c++) pixels[target + c] = Sample(kind, maximum, width, y, x, c);
                if (channels == 1) pixels[target + 1] = pixels[target + 2] = pixels[target];
            }

        return new RgbImage(width, height, pixels);
    }

    private static bool IsSpace(byte value) => value is 9 or 10 or 11 or 12 or 13 or 32;

    private byte Sample(int kind, int maximum, int width, int y, int x, int c)
    {
        switch (kind)
        {
            case 1:
                SkipSpace();
                if (_at >= _bytes.Length || _bytes[_at] is not ((byte)'0' or (byte)'1')) throw Error("expected 0 or 1 for each pixel");
                return _bytes[_at++] == '1' ? (byte)0 : (byte)255;
            case 2 or 3:
                var value = Number("sample");
                return value <= maximum ? Scale(value, maximum) : throw Error($"a sample is {value}, above the greatest value {maximum}");
            case 4:
                return (_bytes[_at + y * ((width + 7) / 8) + x / 8] >> (7 - x % 8) & 1) == 1 ? (byte)0 : (byte)255;
            default:
                var index = (y * width + x) * (kind == 6 ? 3 : 1) + c;
                var stored = maximum > 255 ? _bytes[_at + 2 * index] << 8 | _bytes[_at + 2 * index + 1] : _bytes[_at + index];
                return stored <= maximum ? Scale(stored, maximum) : throw Error($"a sample is {stored}, above the greatest value {maximum}");
        }
    }

    private static byte Scale(int value, int maximum) => (byte)((value * 255 + maximum / 2) / maximum);

    private void SkipSpace()
    {
        while (_at < _bytes.Length && (IsSpace(_bytes[_at]) || _bytes[_at] == '#'))
        {
            if (_bytes[_at] == '#')
                while (_at < _bytes.Length && _bytes[_at] is not (10 or 13)) _at++;
            else _at++;
        }
    }

    private int Number(string what)
    {
        SkipSpace();
        var (start, value) = (_at, 0);
        while (_at < _bytes.Length && _bytes[_at] is >= (byte)'0' and <= (byte)'9' && _at - start < 9) value = value * 10 + _bytes[_at++] - '0';
        return _at > start ? value : throw Error($"expected a number for the {what} at byte {_at}");
    }

    private readonly ImageFormatException Error(string problem) => new(name, problem);
}

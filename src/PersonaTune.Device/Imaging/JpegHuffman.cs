namespace PersonaTune.Device.Imaging;

/// <summary>A canonical Huffman code of up to 16 bits: nine bits by table, longer ones by their length's range.</summary>
internal sealed class JpegHuffman
{
    public const int Bits = 9;

    // (length << 8 | value), 0 where the code is longer.
    private readonly ushort[] _table = new ushort[1 << Bits];
    private readonly int[] _last = new int[18];
    private readonly int[] _offset = new int[17];
    private readonly byte[] _values;

    private JpegHuffman(byte[] values) => _values = values;

    /// <summary>Builds the code from the number of codes of each length and their values; null where they form none.</summary>
    public static JpegHuffman? Create(ReadOnlySpan<byte> counts, ReadOnlySpan<byte> values)
    {
        var result = new JpegHuffman(values.ToArray());
        var (code, index) = (0, 0);
        for (var length = 1; length <= 16; length++)
        {
            result._offset[length] = index - code;
            for (var i = 0; i < counts[length - 1]; i++, code++, index++)
            {
                if (code >= 1 << length) return null;
                if (length > Bits) continue;
                var first = code << (Bits - length);
                for (var k = 0; k < 1 << (Bits - length); k++) result._table[first + k] = (ushort)(length << 8 | values[index]);
            }

            result._last[length] = code;
            code <<= 1;
        }

        return result;
    }

    /// <summary>Length and value for the next 16 bits; length 0 for no code.</summary>
    public (int Length, int Value) Find(int bits16)
    {
        var entry = _table[bits16 >> (16 - Bits)];
        if (entry != 0) return (entry >> 8, entry & 255);
        for (var length = Bits + 1; length <= 16; length++)
        {
            var code = bits16 >> (16 - length);
            if (code < _last[length])
            {
                var index = code + _offset[length];
                return index >= 0 && index < _values.Length ? (length, _values[index]) : (0, 0);
            }
        }

        return (0, 0);
    }
}

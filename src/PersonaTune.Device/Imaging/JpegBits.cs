namespace PersonaTune.Device.Imaging;

/// <summary>Bits of entropy-coded data, most significant first; a zero byte behind 0xFF is skipped, a marker ends the data. Behind the end come zeros, which are counted.</summary>
internal ref struct JpegBits(ReadOnlySpan<byte> bytes, int position)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private uint _buffer;
    private int _count;

    /// <summary>First byte not yet taken into the buffer: a marker's 0xFF once the data has ended.</summary>
    public int Position { get; private set; } = position;

    /// <summary>Bits that were asked for behind the end.</summary>
    public int Missing { get; private set; }

    public int Peek16()
    {
        Fill(16);
        return (int)(_buffer >> 16);
    }

    public void Skip(int bits)
    {
        _buffer <<= bits;
        _count -= bits;
    }

    public int Read(int bits)
    {
        if (bits == 0) return 0;
        Fill(bits);
        var value = (int)(_buffer >> (32 - bits));
        Skip(bits);
        return value;
    }

    /// <summary>Throws the rest of a byte away and begins anew behind a restart marker.</summary>
    public void Restart(int position) => (_buffer, _count, Position, Missing) = (0, 0, position, 0);

    private void Fill(int bits)
    {
        while (_count < bits)
        {
            uint next = 0;
            if (Position < _bytes.Length && (_bytes[Position] != 0xFF || (Position + 1 < _bytes.Length && _bytes[Position + 1] == 0)))
            {
                next = _bytes[Position];
                Position += next == 0xFF ? 2 : 1;
            }
            else
            {
                Missing += 8;
            }

            _buffer |= next << (24 - _count);
            _count += 8;
        }
    }
}

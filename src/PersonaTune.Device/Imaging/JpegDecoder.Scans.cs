namespace PersonaTune.Device.Imaging;

/// <summary>Entropy-coded scans (ITU-T T.81, annexes F and G).</summary>
internal ref partial struct JpegDecoder
{
    private void Scan(ReadOnlySpan<byte> content, ref int at)
    {
        if (_components.Length == 0) throw Error("a scan comes before the frame's header");
        int count = content.Length > 0 ? content[0] : 0;
        if (count is < 1 or > 4 || content.Length != 4 + 2 * count) throw Error("a scan's header is malformed");
        (_first, _last, _high, _low) = (content[1 + 2 * count], content[2 + 2 * count], content[3 + 2 * count] >> 4, content[3 + 2 * count] & 15);
        if (!_progressive) (_first, _last, _high, _low) = (0, 63, 0, 0);
        if (_first > _last || _last > 63 || _low > 13 || (_high != 0 && _high != _low + 1) || (_progressive && (_first == 0 ? _last != 0 : count != 1)))
            throw Error($"a scan of coefficients {_first} to {_last}, bits {_high} to {_low}, of {count} components is not allowed");
        var scanned = new JpegComponent[count];
        for (var i = 0; i < count; i++)
        {
            int id = content[1 + 2 * i], direct = content[2 + 2 * i] >> 4, alternating = content[2 + 2 * i] & 15;
            var component = Array.Find(_components, c => c.Id == id) ?? throw Error($"a scan names component {id}, which the frame does not have");
            if (Array.IndexOf(scanned, component) >= 0 || direct > 3 || alternating > 3) throw Error("a scan's header is malformed");
            (component.Direct, component.Alternating, component.Predictor) = (_direct[direct], _alternating[alternating], 0);
            if ((_first == 0 && _high == 0 && component.Direct is null) || (_last > 0 && component.Alternating is null)) throw Error("a scan uses a Huffman table that was not given");
            component.Divisors ??= _divisors[component.Quantization] ?? throw Error($"quantization table {component.Quantization} was not given");
            scanned[i] = component;
        }

        if (scanned.Sum(component => component.Horizontal * component.Vertical) > 10 && count > 1) throw Error("a scan has more than ten blocks a unit");
        var bits = new JpegBits(_bytes, at);
        _run = 0;
        if (count == 1) SingleScan(scanned[0], ref bits);
        else JoinedScan(scanned, ref bits);
        at = bits.Position;
        // Fill bytes and rests of the data up to the next marker.
        while (at < _bytes.Length && (_bytes[at] != 0xFF || (at + 1 < _bytes.Length && _bytes[at + 1] is 0 or (>= 0xD0 and <= 0xD7)))) at++;
    }

    private void SingleScan(JpegComponent component, ref JpegBits bits)
    {
        var total = component.Columns * component.Rows;
        for (var i = 0; i < total; i++)
        {
            if (_restart > 0 && i > 0 && i % _restart == 0) RestartAt(i / _restart, ref bits, [component]);
            var (row, column) = Math.DivRem(i, component.Columns);
            Block(component, (row * component.PaddedColumns + column) * 64, ref bits);
        }
    }

    private void JoinedScan(JpegComponent[] scanned, ref JpegBits bits)
    {
        var (unitsX, unitsY) = (Ceiling(_width, 8 * _maxHorizontal), Ceiling(_height, 8 * _maxVertical));
        for (var i = 0; i < unitsX * unitsY; i++)
        {
            if (_restart > 0 && i > 0 && i % _restart == 0) RestartAt(i / _restart, ref bits, scanned);
            var (unitY, unitX) = Math.DivRem(i, unitsX);
            foreach (var component in scanned)
                for (var v = 0; v < component.Vertical; v++)
                    for (var h = 0; h < component.Horizontal; h++)
                        Block(component, ((unitY * component.Vertical + v) * component.PaddedColumns + unitX * component.Horizontal + h) * 64, ref bits);
        }
    }

    private void RestartAt(int number, ref JpegBits bits, JpegComponent[] scanned)
    {
        var at = bits.Position;
        while (at + 1 < _bytes.Length && _bytes[at] == 0xFF && _bytes[at + 1] == 0xFF) at++;
        var expected = 0xD0 + (number - 1) % 8;
        if (at + 1 >= _bytes.Length) throw Truncated();
        if (_bytes[at] != 0xFF || _bytes[at + 1] != expected) throw Error($"expected restart marker 0x{expected:X2} at byte {at}, found 0x{_bytes[at]:X2}{_bytes[at + 1]:X2}; the file is damaged");
        bits.Restart(at + 2);
        _run = 0;
        foreach (var component in scanned) component.Predictor = 0;
    }

    private void Block(JpegComponent component, int offset, ref JpegBits bits)
    {
        // A few bits may be read ahead of the end; more than that were never written.
        if (bits.Missing > 64) throw Truncated();
        var block = component.Coefficients.AsSpan(offset, 64);
        if (!_progressive) Sequential(component, block, ref bits);
        else if (_first == 0) DirectProgressive(component, block, ref bits);
        else if (_high == 0) AlternatingFirst(component, block, ref bits);
        else AlternatingRefine(component, block, ref bits);
    }

    private readonly int Symbol(JpegHuffman code, ref JpegBits bits)
    {
        var (length, value) = code.Find(bits.Peek16());
        if (length == 0) throw Error("the data holds a code that its Huffman table does not have; the file is damaged");
        bits.Skip(length);
        return value;
    }

    // A value of so many bits; those without a leading one are negative.
    private static int Extend(int size, ref JpegBits bits)
    {
        if (size == 0) return 0;
        var value = bits.Read(size);
        return value < 1 << (size - 1) ? value - (1 << size) + 1 : value;
    }

    private readonly int Difference(JpegComponent component, ref JpegBits bits)
    {
        var size = Symbol(component.Direct!, ref bits);
        if (size > 15) throw Error("a difference has more than 15 bits; the file is damaged");
        return component.Predictor = (short)(component.Predictor + Extend(size, ref bits));
    }

    private readonly void Sequential(JpegComponent component, Span<short> block, ref JpegBits bits)
    {
        block.Clear();
        block[0] = (short)Difference(component, ref bits);
        for (var k = 1; k < 64; k++)
        {
            var symbol = Symbol(component.Alternating!, ref bits);
            var (zeros, size) = (symbol >> 4, symbol & 15);
            if (size == 0)
            {
                if (zeros != 15) return;
                k += 15;
                continue;
            }

            k += zeros;
            if (k > 63) throw Error("a block has more than 64 coefficients; the file is damaged");
            block[ZigZag[k]] = (short)Extend(size, ref bits);
        }
    }

    private readonly void DirectProgressive(JpegComponent component, Span<short> block, ref JpegBits bits)
    {
        if (_high == 0) block[0] = (short)(Difference(component, ref bits) << _low);
        else if (bits.Read(1) != 0) block[0] |= (short)(1 << _low);
    }

    private void AlternatingFirst(JpegComponent component, Span<short> block, ref JpegBits bits)
    {
        if (_run > 0)
        {
            _run--;
            return;
        }

        for (var k = _first; k <= _last; k++)
        {
            var symbol = Symbol(component.Alternating!, ref bits);
            var (zeros, size) = (symbol >> 4, symbol & 15);
            if (size == 0)
            {
                if (zeros != 15)
                {
                    _run = (1 << zeros) - 1 + bits.Read(zeros);
                    return;
                }

                k += 15;
                continue;
            }

            k += zeros;
            if (k > 63) throw Error("a block has more than 64 coefficients; the file is damaged");
            block[ZigZag[k]] = (short)(Extend(size, ref bits) << _low);
        }
    }

    // One more bit for the coefficients that are not zero yet, between those that become so now.
    private void AlternatingRefine(JpegComponent component, Span<short> block, ref JpegBits bits)
    {
        var (plus, minus) = ((short)(1 << _low), (short)(-1 << _low));
        var k = _first;
        if (_run == 0)
        {
            for (; k <= _last; k++)
            {
                var symbol = Symbol(component.Alternating!, ref bits);
                var (zeros, size) = (symbol >> 4, symbol & 15);
                short value = 0;
                if (size == 0)
                {
                    if (zeros != 15)
                    {
                        _run = (1 << zeros) + bits.Read(zeros);
                        break;
                    }
                }
                else if (size == 1)
                {
                    value = bits.Read(1) != 0 ? plus : minus;
                }
                else
                {
                    throw Error("a refinement adds more than one bit; the file is damaged");
                }

                for (; k <= _last; k++)
                {
                    ref var coefficient = ref block[ZigZag[k]];
                    if (coefficient != 0) Refine(ref coefficient, plus, minus, ref bits);
                    else if (zeros-- == 0) break;
                }

                if (value != 0)
                {
                    if (k > 63) throw Error("a block has more than 64 coefficients; the file is damaged");
                    block[ZigZag[k]] = value;
                }
            }
        }

        if (_run == 0) return;
        for (; k <= _last; k++)
        {
            ref var coefficient = ref block[ZigZag[k]];
            if (coefficient != 0) Refine(ref coefficient, plus, minus, ref bits);
        }

        _run--;
    }

    private static void Refine(ref short coefficient, short plus, short minus, ref JpegBits bits)
    {
        if (bits.Read(1) != 0 && (coefficient & plus) == 0) coefficient += coefficient >= 0 ? plus : minus;
    }
}

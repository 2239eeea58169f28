using System.Buffers.Binary;

namespace PersonaTune.Fuzz;

/// <summary>Changes valid files: bits, bytes, numbers of every width and byte order at their limits, blocks copied, moved, cut out and repeated, and pieces of other files.</summary>
internal sealed class Mutator(int seed)
{
    private const int MaxLength = 1 << 20;

    private static readonly long[] Limits =
    [
        0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 255, 256, 511, 512, 1023, 4095, 32767, 32768, 65535, 65536, 1 << 20, int.MaxValue - 1L, int.MaxValue, 1L << 31, uint.MaxValue,
        1L << 32, 1L << 40, 1L << 62, long.MaxValue, long.MinValue, -1, -2, -8, -128, int.MinValue,
    ];

    private static readonly string[] Words = ["null", "true", "-1", "1e999", "NaN", "{}", "[]", "\"\"", "99999999999999999999", "0.5", "[[[[[[", "}", "\\u0000", "(a*)*", "..", "\n"];

    private readonly Random _random = new(seed);

    public byte[] Mutate(byte[] input, IReadOnlyList<byte[]> pool)
    {
        var bytes = new List<byte>(input);
        // Mostly few changes: many together are refused by the first check.
        for (var changes = 1 + (int)(-Math.Log(1 - _random.NextDouble()) * 1.2); changes > 0 && bytes.Count > 0; changes--) Change(bytes, pool);
        if (bytes.Count > MaxLength) bytes.RemoveRange(MaxLength, bytes.Count - MaxLength);
        return [.. bytes];
    }

    // Headers decide most: half of the places lie in the first 512 bytes.
    private int Place(int length) => _random.Next(2) == 0 ? _random.Next(Math.Min(length, 512)) : _random.Next(length);

    private void Change(List<byte> bytes, IReadOnlyList<byte[]> pool)
    {
        var at = Place(bytes.Count);
        switch (_random.Next(11))
        {
            case 0:
                bytes[at] ^= (byte)(1 << _random.Next(8));
                break;
            case 1:
                bytes[at] = (byte)_random.Next(256);
                break;
            case 2:
                bytes[at] = (byte)(bytes[at] + (_random.Next(2) == 0 ? 1 : -1));
                break;
            case 3 or 4:
                Number(bytes, at);
                break;
            case 5:
                bytes.RemoveRange(at, Math.Min(bytes.Count - at, Length()));
                break;
            case 6:
                var block = bytes.GetRange(at, Math.Min(bytes.Count - at, Length()));
                bytes.InsertRange(Place(bytes.Count), block);
                break;
            case 7:
                var source = Place(bytes.Count);
                for (var i = 0; i < Length() && at + i < bytes.Count && source + i < bytes.Count; i++) bytes[at + i] = bytes[source + i];
                break;
            case 8:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 9:
                var other = pool[_random.Next(pool.Count)];
                if (other.Length == 0) break;
                var from = _random.Next(other.Length);
                var piece = other.AsSpan(from, Math.Min(other.Length - from, Length())).ToArray();
                if (_random.Next(2) == 0) bytes.InsertRange(at, piece);
                else for (var i = 0; i < piece.Length && at + i < bytes.Count; i++) bytes[at + i] = piece[i];
                break;
            default:
                bytes.InsertRange(at, Words[_random.Next(Words.Length)].Select(c => (byte)c));
                break;
        }
    }

    private int Length() => 1 << _random.Next(10);

    private void Number(List<byte> bytes, int at)
    {
        var width = 1 << _random.Next(4);
        at = at / width * width;
        if (at + width > bytes.Count) return;
        Span<byte> buffer = stackalloc byte[8];
        var value = Limits[_random.Next(Limits.Length)] + (_random.Next(4) == 0 ? _random.Next(-3, 4) : 0);
        if (_random.Next(3) == 0) BinaryPrimitives.WriteInt64BigEndian(buffer, value << (64 - 8 * width));
        else BinaryPrimitives.WriteInt64LittleEndian(buffer, value);
        for (var i = 0; i < width; i++) bytes[at + i] = buffer[i];
    }
}

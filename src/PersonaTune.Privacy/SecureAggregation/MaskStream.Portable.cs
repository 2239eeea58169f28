using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace PersonaTune.Privacy.SecureAggregation;

public static partial class MaskStream
{
    private const int PortableBlocks = 2048; // 32 KiB on the stack: the call's own cost is small beside it, and nothing is allocated

    private static void ApplyPortable(ReadOnlySpan<byte> key, bool subtract, Span<uint> accumulator, long firstWord)
    {
        if (accumulator.IsEmpty) return;
        using var aes = Aes.Create();
        aes.SetKey(key);
        var blocks = (int)Math.Min(PortableBlocks, (accumulator.Length + firstWord % 4 + 3) / 4);
        Span<byte> stream = stackalloc byte[PortableBlocks * 16];
        try
        {
            while (!accumulator.IsEmpty)
            {
                var skip = (int)(firstWord % 4);
                var used = Math.Min(accumulator.Length, blocks * 4 - skip);
                var bytes = stream[..((skip + used + 3) / 4 * 16)];
                FillCounters(bytes, (ulong)(firstWord / 4));
                aes.EncryptEcb(bytes, bytes, PaddingMode.None);
                Combine(accumulator[..used], MemoryMarshal.Cast<byte, uint>(bytes).Slice(skip, used), subtract);
                accumulator = accumulator[used..];
                firstWord += used;
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(stream);
        }
    }

    private static void FillCounters(Span<byte> blocks, ulong first)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(blocks);
        for (var i = 0; i < words.Length; i += 2)
        {
            var counter = first + (ulong)(i / 2);
            words[i] = 0;
            words[i + 1] = BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(counter) : counter;
        }
    }

    private static void Combine(Span<uint> words, ReadOnlySpan<uint> stream, bool subtract)
    {
        if (!BitConverter.IsLittleEndian)
        {
            for (var i = 0; i < words.Length; i++)
            {
                var word = BinaryPrimitives.ReverseEndianness(stream[i]);
                words[i] = subtract ? words[i] - word : words[i] + word;
            }

            return;
        }

        var done = 0;
        for (; done <= words.Length - Vector<uint>.Count; done += Vector<uint>.Count)
        {
            var (word, mask) = (new Vector<uint>(words[done..]), new Vector<uint>(stream[done..]));
            (subtract ? word - mask : word + mask).CopyTo(words[done..]);
        }

        for (; done < words.Length; done++) words[done] = subtract ? words[done] - stream[done] : words[done] + stream[done];
    }
}

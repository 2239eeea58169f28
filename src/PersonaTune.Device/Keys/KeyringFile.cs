using System.Buffers.Binary;
using System.Security.Cryptography;
using PersonaTune.Device.Storage;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Device.Keys;

/// <summary>
/// The keyring's file: two regions of equal capacity, each with one slot
/// <c>"PTKR" | format 4 | length 4 | generation 8 | content | SHA-256 of all before</c>, then zeros. A commit writes the older
/// slot, flushes, then the other one: a crash leaves at least one whole slot, and a finished commit leaves two equal ones, so
/// nothing older remains on disk. The checksum finds accidents and torn writes; forgery is found by the content's own
/// authentication, which covers the slot's head.
/// </summary>
internal static class KeyringFile
{
    public const uint Format = 1;
    public const int HeadBytes = 20;
    public const int ChecksumBytes = 32;
    private const int MinCapacity = 16 << 10;
    private const int MaxCapacity = 16 << 20;

    private static ReadOnlySpan<byte> Magic => "PTKR"u8;

    /// <summary>Writes the head of a slot whose content has <paramref name="contentLength"/> bytes.</summary>
    public static void WriteHead(SealWriter writer, int contentLength, long generation)
    {
        writer.WriteFixed(Magic);
        writer.WriteUInt32(Format);
        writer.WriteInt32(HeadBytes + contentLength + ChecksumBytes);
        writer.WriteInt64(generation);
    }

    /// <summary>Both slots of the file; a slot that is not whole is null, with the reason.</summary>
    public static (KeyringSlot?[] Slots, SealException?[] Problems) Read(string path)
    {
        if (!File.Exists(path))
            throw new StoreNotFoundException($"keyring '{path}'", "it does not exist; restore it, without it the store cannot be opened");
        var length = new FileInfo(path).Length;
        if (length % 2 != 0 || length < 2 * MinCapacity || length > 2L * MaxCapacity)
            throw new TamperedException($"keyring '{path}'", $"it has {length} bytes, which no keyring has; it is truncated or was altered: restore it from a copy");
        var bytes = File.ReadAllBytes(path);
        var slots = new KeyringSlot?[2];
        var problems = new SealException?[2];
        for (var i = 0; i < 2; i++)
        {
            try
            {
                slots[i] = Parse(bytes.AsSpan(i * (bytes.Length / 2), bytes.Length / 2), $"keyring '{path}' slot {i}");
            }
            catch (SealException e)
            {
                problems[i] = e;
            }
        }
        return (slots, problems);
    }

    /// <summary>Writes <paramref name="slot"/> (without checksum) into both regions, that of <paramref name="first"/> first.</summary>
    public static void Write(string path, ReadOnlySpan<byte> slot, int first)
    {
        var capacity = File.Exists(path) ? (int)(new FileInfo(path).Length / 2) : 0;
        var needed = slot.Length + ChecksumBytes;
        if (needed > MaxCapacity)
            throw new SealException($"keyring '{path}'", $"it needs {needed} bytes, expected at most {MaxCapacity}; forget users that are gone");
        if (needed > capacity)
        {
            capacity = MinCapacity;
            while (capacity < needed) capacity *= 2;
            var file = new byte[2 * capacity];
            Fill(file.AsSpan(0, capacity), slot);
            Fill(file.AsSpan(capacity), slot);
            DurableFile.Replace(path, file);
            return;
        }
        var region = new byte[capacity];
        Fill(region, slot);
        DurableFile.WriteAt(path, (long)first * capacity, region);
        DurableFile.WriteAt(path, (long)(1 - first) * capacity, region);
    }

    private static void Fill(Span<byte> region, ReadOnlySpan<byte> slot)
    {
        slot.CopyTo(region);
        SHA256.HashData(slot, region[slot.Length..]);
    }

    private static KeyringSlot Parse(ReadOnlySpan<byte> region, string subject)
    {
        if (!region[..4].SequenceEqual(Magic))
            throw new TamperedException(subject, "it does not start with the keyring's mark; it was altered or is no keyring");
        var format = BinaryPrimitives.ReadUInt32LittleEndian(region[4..]);
        var length = BinaryPrimitives.ReadInt32LittleEndian(region[8..]);
        if (length < HeadBytes + ChecksumBytes || length > region.Length)
            throw new TamperedException(subject, $"it states a length of {length} bytes in a region of {region.Length}; it was altered");
        var whole = region[..(length - ChecksumBytes)];
        Span<byte> checksum = stackalloc byte[ChecksumBytes];
        SHA256.HashData(whole, checksum);
        if (!checksum.SequenceEqual(region.Slice(length - ChecksumBytes, ChecksumBytes)))
            throw new TamperedException(subject, "its checksum does not match; it was altered or its writing was interrupted");
        if (format != Format) throw new UnsupportedSealVersionException(subject, (int)Math.Min(format, int.MaxValue), (int)Format);
        if (region[length..].ContainsAnyExcept((byte)0))
            throw new TamperedException(subject, "bytes follow its end; it was altered");
        return new KeyringSlot(whole.ToArray(), BinaryPrimitives.ReadInt64LittleEndian(region[12..]));
    }
}

using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Formats;

/// <summary>
/// Parses the header of a GGUF file. Every number from the file is compared with the bytes that remain before anything is allocated
/// for it, so a small hostile file costs a small multiple of its own length at most.
/// </summary>
internal sealed class GgufReader(MappedMemory memory)
{
    private const int MaxKeyBytes = 65_535;         // GGUF specification: keys are at most 2^16 - 1 bytes
    private const int MaxNameBytes = 255;           // the specification says 64; files of other tools exceed it harmlessly
    private const int MaxStringBytes = 64 << 20;
    private const int MaxDimensions = 4;
    private const int MaxArrayDepth = 4;
    private const int MaxAlignment = 1 << 16;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private long _position;

    private long Remaining => memory.Length - _position;

    /// <summary>Reads everything before the tensor data.</summary>
    public GgufHeader Read()
    {
        if (memory.Length < 4 || !memory.Span(0, 4).SequenceEqual("GGUF"u8))
            throw Error("this is no GGUF file: it does not start with 'GGUF'");
        _position = 4;
        var version = ReadUInt32("version");
        if (version is not (2 or 3))
        {
            throw Error(BinaryPrimitives.ReverseEndianness(version) is 2 or 3
                ? "the file is big-endian; only little-endian GGUF files are supported, convert it again"
                : $"GGUF version {version} is not supported (2 and 3 are)");
        }

        var tensorCount = ReadUInt64("tensor count");
        var metadataCount = ReadUInt64("metadata count");
        // The least that an entry takes: key (8 + 1), type 4, value 1; name (8 + 1), rank 4, type 4, offset 8.
        CheckCount(metadataCount, 14, "metadata entries");
        CheckCount(tensorCount, 25, "tensors");

        var metadata = ReadMetadata((int)metadataCount);
        var alignment = Alignment(metadata);
        var directory = ReadDirectory((int)tensorCount);
        var dataStart = checked(_position + alignment - 1) / alignment * alignment;
        return new GgufHeader((int)version, alignment, metadata, Place(directory, dataStart, alignment));
    }

    private GgufMetadata ReadMetadata(int count)
    {
        var entries = new List<KeyValuePair<string, GgufValue>>(Math.Min(count, 256));
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < count; i++)
        {
            var key = ReadString(MaxKeyBytes, "metadata key");
            if (key.Length == 0) throw Error("a metadata key is empty");
            if (!seen.Add(key)) throw Error($"metadata key '{key}' occurs twice");
            entries.Add(new(key, ReadValue(ReadType(key), key, 0)));
        }

        return new GgufMetadata(memory.Subject, entries);
    }

    private List<Entry> ReadDirectory(int count)
    {
        var entries = new List<Entry>(Math.Min(count, 256));
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < count; i++)
        {
            var name = ReadString(MaxNameBytes, "tensor name");
            if (name.Length == 0) throw Error("a tensor name is empty");
            if (!seen.Add(name)) throw Error($"tensor '{name}' occurs twice");
            var rank = ReadUInt32("number of dimensions");
            if (rank > MaxDimensions) throw Error($"tensor '{name}' has {rank} dimensions, at most {MaxDimensions} are supported");
            var shape = new long[rank];
            for (var d = 0; d < shape.Length; d++)
            {
                var length = ReadUInt64("dimension");
                if (length is 0 or > long.MaxValue) throw Error($"dimension {d} of tensor '{name}' is {length}");
                shape[d] = (long)length;
            }

            var type = (TensorType)ReadUInt32("tensor type");
            if (!type.IsKnown()) throw Error($"tensor '{name}' has the unknown or unsupported type {(int)type}");
            entries.Add(new Entry(name, type, shape, ReadUInt64("tensor offset")));
        }

        return entries;
    }

    private List<GgufTensor> Place(List<Entry> entries, long dataStart, int alignment)
    {
        var tensors = new List<GgufTensor>(entries.Count);
        foreach (var (name, type, shape, offset) in entries)
        {
            var elements = (UInt128)1;
            foreach (var length in shape)
            {
                elements *= (ulong)length;
                if (elements > long.MaxValue) throw Error($"the dimensions of tensor '{name}' overflow 63 bits");
            }

            var columns = shape.Length == 0 ? 1 : shape[0];
            if (columns % type.BlockSize() != 0)
                throw Error($"tensor '{name}' has rows of {columns} elements, {type} needs a multiple of {type.BlockSize()}");
            var bytes = elements / (ulong)type.BlockSize() * (ulong)type.BlockBytes();
            if (offset % (ulong)alignment != 0) throw Error($"tensor '{name}' starts at {offset}, no multiple of the alignment {alignment}");
            if ((UInt128)offset + bytes + (ulong)dataStart > (ulong)memory.Length)
                throw Error($"tensor '{name}' needs {bytes} bytes from {offset} of the data at {dataStart}, beyond the file's {memory.Length} bytes: the file is truncated or damaged");
            tensors.Add(new GgufTensor(name, type, shape, dataStart + (long)offset, (long)bytes));
        }

        GgufTensor? previous = null;
        foreach (var tensor in tensors.OrderBy(t => t.Offset))
        {
            if (previous is not null && previous.Offset + previous.ByteLength > tensor.Offset)
                throw Error($"tensors '{previous.Name}' and '{tensor.Name}' overlap");
            previous = tensor;
        }

        return tensors;
    }

    private int Alignment(GgufMetadata metadata)
    {
        if (!metadata.TryGet("general.alignment", out var value)) return 32;
        return value.Raw is uint a and >= 8 and <= MaxAlignment && uint.IsPow2(a)
            ? (int)a
            : throw Error($"general.alignment must be a power of two in 8..{MaxAlignment} as UInt32, found {value} as {value.Type}");
    }

    private GgufValueType ReadType(string key)
    {
        var type = ReadUInt32("value type");
        return type <= (uint)GgufValueType.Float64
            ? (GgufValueType)type
            : throw Error(string.Create(CultureInfo.InvariantCulture, $"metadata '{key}' has the unknown type {type}"));
    }

    private GgufValue ReadValue(GgufValueType type, string key, int depth) => type switch
    {
        GgufValueType.UInt8 => new(type, null, Take(1, key)[0]),
        GgufValueType.Int8 => new(type, null, (sbyte)Take(1, key)[0]),
        GgufValueType.UInt16 => new(type, null, BinaryPrimitives.ReadUInt16LittleEndian(Take(2, key))),
        GgufValueType.Int16 => new(type, null, BinaryPrimitives.ReadInt16LittleEndian(Take(2, key))),
        GgufValueType.UInt32 => new(type, null, ReadUInt32(key)),
        GgufValueType.Int32 => new(type, null, BinaryPrimitives.ReadInt32LittleEndian(Take(4, key))),
        GgufValueType.Float32 => new(type, null, BinaryPrimitives.ReadSingleLittleEndian(Take(4, key))),
        GgufValueType.Boolean => new(type, null, ReadBoolean(key)),
        GgufValueType.String => new(type, null, ReadString(MaxStringBytes, key)),
        GgufValueType.UInt64 => new(type, null, ReadUInt64(key)),
        GgufValueType.Int64 => new(type, null, BinaryPrimitives.ReadInt64LittleEndian(Take(8, key))),
        GgufValueType.Float64 => new(type, null, BinaryPrimitives.ReadDoubleLittleEndian(Take(8, key))),
        _ => ReadArray(key, depth),
    };

    private GgufValue ReadArray(string key, int depth)
    {
        if (depth == MaxArrayDepth) throw Error($"metadata '{key}' nests arrays more than {MaxArrayDepth} deep");
        var type = ReadType(key);
        var count = ReadUInt64(key);
        CheckCount(count, MinimumBytes(type), $"elements of '{key}'");
        var n = (int)count;
        object raw = type switch
        {
            GgufValueType.UInt8 => TakeArray<byte>(n, key),
            GgufValueType.Int8 => TakeArray<sbyte>(n, key),
            GgufValueType.UInt16 => TakeArray<ushort>(n, key),
            GgufValueType.Int16 => TakeArray<short>(n, key),
            GgufValueType.UInt32 => TakeArray<uint>(n, key),
            GgufValueType.Int32 => TakeArray<int>(n, key),
            GgufValueType.Float32 => TakeArray<float>(n, key),
            GgufValueType.UInt64 => TakeArray<ulong>(n, key),
            GgufValueType.Int64 => TakeArray<long>(n, key),
            GgufValueType.Float64 => TakeArray<double>(n, key),
            GgufValueType.Boolean => Repeat(n, () => ReadBoolean(key)),
            GgufValueType.String => Repeat(n, () => ReadString(MaxStringBytes, key)),
            _ => Repeat(n, () => ReadArray(key, depth + 1)),
        };
        return new GgufValue(GgufValueType.Array, type, raw);
    }

    private static int MinimumBytes(GgufValueType type) => type switch
    {
        GgufValueType.UInt8 or GgufValueType.Int8 or GgufValueType.Boolean => 1,
        GgufValueType.UInt16 or GgufValueType.Int16 => 2,
        GgufValueType.UInt32 or GgufValueType.Int32 or GgufValueType.Float32 => 4,
        GgufValueType.Array => 12,
        _ => 8,
    };

    private static T[] Repeat<T>(int count, Func<T> read)
    {
        var values = new T[count];
        for (var i = 0; i < count; i++) values[i] = read();
        return values;
    }

    private T[] TakeArray<T>(int count, string what) where T : unmanaged =>
        MemoryMarshal.Cast<byte, T>(Take((long)count * Marshal.SizeOf<T>(), what)).ToArray();

    private bool ReadBoolean(string key)
    {
        var value = Take(1, key)[0];
        return value <= 1 ? value == 1 : throw Error($"metadata '{key}' must be the boolean 0 or 1, found {value}");
    }

    private uint ReadUInt32(string what) => BinaryPrimitives.ReadUInt32LittleEndian(Take(4, what));

    private ulong ReadUInt64(string what) => BinaryPrimitives.ReadUInt64LittleEndian(Take(8, what));

    private string ReadString(int limit, string what)
    {
        var length = ReadUInt64(what);
        if (length > (ulong)limit || length > (ulong)Remaining)
            throw Error($"the string of {what} at byte {_position} claims {length} bytes, {Remaining} remain and {limit} are allowed");
        try
        {
            return StrictUtf8.GetString(Take((long)length, what));
        }
        catch (DecoderFallbackException exception)
        {
            throw new FileFormatException(memory.Subject, $"the string of {what} before byte {_position} is no valid UTF-8", exception);
        }
    }

    private ReadOnlySpan<byte> Take(long length, string what)
    {
        if (length > Remaining || length > int.MaxValue)
            throw Error($"the file ends at byte {memory.Length} inside {what}: {length} bytes expected at {_position}");
        var span = memory.Span(_position, (int)length);
        _position += length;
        return span;
    }

    private void CheckCount(ulong count, int minimumBytes, string what)
    {
        if (count > (ulong)(Remaining / minimumBytes) || count > (ulong)Array.MaxLength)
            throw Error($"the file claims {count} {what}, but only {Remaining} bytes remain at {_position}: it is truncated or damaged");
    }

    private FileFormatException Error(string problem) => new(memory.Subject, problem);

    private readonly record struct Entry(string Name, TensorType Type, long[] Shape, ulong Offset);
}

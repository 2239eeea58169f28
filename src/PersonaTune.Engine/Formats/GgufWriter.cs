using System.Runtime.InteropServices;
using System.Text;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Formats;

/// <summary>
/// Collects metadata and tensors and writes them as a GGUF file (version 3, little-endian); the same input gives the same bytes.
/// The data of a tensor is produced while it is written, so no more than one need be in memory. Not thread-safe.
/// </summary>
public sealed class GgufWriter
{
    private const int DefaultAlignment = 32;

    private readonly List<KeyValuePair<string, GgufValue>> _metadata = [];
    private readonly List<Entry> _entries = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    /// <summary>Sets a metadata value; a key that was set before keeps its place and takes the new value.</summary>
    /// <exception cref="ArgumentException">The key is empty or longer than 65,535 bytes.</exception>
    public void Set(string key, GgufValue value)
    {
        if (Encoding.UTF8.GetByteCount(key) is 0 or > 65_535) throw new ArgumentException("a key takes 1 to 65,535 bytes", nameof(key));
        var index = _metadata.FindIndex(entry => entry.Key == key);
        if (index < 0) _metadata.Add(new(key, value));
        else _metadata[index] = new(key, value);
    }

    /// <summary>Adds an F32 tensor; <paramref name="shape"/> is in GGUF's order, the length of a row first.</summary>
    /// <exception cref="ArgumentException">The name was added before, or the shape does not fit the values.</exception>
    public void Add(string name, IReadOnlyList<long> shape, ReadOnlyMemory<float> values)
    {
        if (values.Length != shape.Aggregate(1L, (product, length) => checked(product * length)))
            throw new ArgumentException($"'{name}' [{string.Join(", ", shape)}] does not hold {values.Length} values", nameof(values));
        Add(name, TensorType.F32, shape, stream => stream.Write(MemoryMarshal.AsBytes(values.Span)));
    }

    /// <summary>Adds a tensor whose encoded bytes <paramref name="write"/> produces when its turn comes. <paramref name="shape"/> is in GGUF's order.</summary>
    /// <exception cref="ArgumentException">The name is empty, longer than 63 bytes or was added before; the shape is not 1 to 4 positive lengths; a row is no whole number of blocks.</exception>
    public void Add(string name, TensorType type, IReadOnlyList<long> shape, Action<Stream> write)
    {
        // Other engines keep a name in 64 bytes with a terminating zero.
        if (Encoding.UTF8.GetByteCount(name) is 0 or > 63) throw new ArgumentException($"a tensor's name takes 1 to 63 bytes, found '{name}'", nameof(name));
        if (shape.Count is < 1 or > 4 || shape.Any(length => length < 1))
            throw new ArgumentException($"'{name}' needs 1 to 4 positive lengths, found [{string.Join(", ", shape)}]", nameof(shape));
        if (!_names.Add(name)) throw new ArgumentException($"'{name}' was added before", nameof(name));
        var rows = shape.Skip(1).Aggregate(1L, (product, length) => checked(product * length));
        _entries.Add(new Entry(name, type, shape, checked(rows * type.RowBytes(shape[0])), write));
    }

    /// <summary>Writes the file atomically: see <see cref="AtomicFile"/>.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Write(string path) => AtomicFile.Write(path, Write);

    /// <summary>Writes the file's bytes to a stream that can tell its position.</summary>
    /// <exception cref="InvalidOperationException">
    /// A tensor produced another number of bytes than its shape takes, or general.alignment is no power of two from 8 to 65,536.
    /// </exception>
    public void Write(Stream stream)
    {
        var alignment = Alignment();
        var start = stream.Position;
        using (var header = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true)) WriteHeader(header, alignment);
        foreach (var entry in _entries)
        {
            Pad(stream, start, alignment);
            var dataStart = stream.Position;
            entry.Write(stream);
            if (stream.Position - dataStart != entry.ByteLength)
                throw new InvalidOperationException($"tensor '{entry.Name}' takes {entry.ByteLength} bytes, {stream.Position - dataStart} were written");
        }

        // The padding of the last tensor belongs to the format too: some readers map whole aligned units.
        Pad(stream, start, alignment);
    }

    private void WriteHeader(BinaryWriter writer, int alignment)
    {
        writer.Write("GGUF"u8);
        writer.Write(3u);
        writer.Write((ulong)_entries.Count);
        writer.Write((ulong)_metadata.Count);
        foreach (var (key, value) in _metadata)
        {
            WriteString(writer, key);
            writer.Write((uint)value.Type);
            WriteValue(writer, value);
        }

        var offset = 0L;
        foreach (var entry in _entries)
        {
            WriteString(writer, entry.Name);
            writer.Write((uint)entry.Shape.Count);
            foreach (var length in entry.Shape) writer.Write((ulong)length);
            writer.Write((uint)entry.Type);
            writer.Write((ulong)offset);
            offset = checked(offset + entry.ByteLength + alignment - 1) / alignment * alignment;
        }
    }

    private static void WriteValue(BinaryWriter writer, GgufValue value)
    {
        switch (value.Type)
        {
            case GgufValueType.UInt8: writer.Write((byte)value.Raw); break;
            case GgufValueType.Int8: writer.Write((sbyte)value.Raw); break;
            case GgufValueType.UInt16: writer.Write((ushort)value.Raw); break;
            case GgufValueType.Int16: writer.Write((short)value.Raw); break;
            case GgufValueType.UInt32: writer.Write((uint)value.Raw); break;
            case GgufValueType.Int32: writer.Write((int)value.Raw); break;
            case GgufValueType.Float32: writer.Write((float)value.Raw); break;
            case GgufValueType.Boolean: writer.Write((bool)value.Raw); break;
            case GgufValueType.String: WriteString(writer, (string)value.Raw); break;
            case GgufValueType.UInt64: writer.Write((ulong)value.Raw); break;
            case GgufValueType.Int64: writer.Write((long)value.Raw); break;
            case GgufValueType.Float64: writer.Write((double)value.Raw); break;
            default: WriteArray(writer, value); break;
        }
    }

    private static void WriteArray(BinaryWriter writer, GgufValue value)
    {
        writer.Write((uint)value.ElementType!.Value);
        writer.Write((ulong)value.Count);
        switch (value.ElementType)
        {
            case GgufValueType.UInt8: writer.Write((byte[])value.Raw); break;
            case GgufValueType.Int8: WriteElements<sbyte>(writer, value); break;
            case GgufValueType.UInt16: WriteElements<ushort>(writer, value); break;
            case GgufValueType.Int16: WriteElements<short>(writer, value); break;
            case GgufValueType.UInt32: WriteElements<uint>(writer, value); break;
            case GgufValueType.Int32: WriteElements<int>(writer, value); break;
            case GgufValueType.Float32: WriteElements<float>(writer, value); break;
            case GgufValueType.Boolean: WriteElements<bool>(writer, value); break;
            case GgufValueType.UInt64: WriteElements<ulong>(writer, value); break;
            case GgufValueType.Int64: WriteElements<long>(writer, value); break;
            case GgufValueType.Float64: WriteElements<double>(writer, value); break;
            case GgufValueType.String:
                foreach (var text in (string[])value.Raw) WriteString(writer, text);
                break;
            default:
                foreach (var inner in (GgufValue[])value.Raw) WriteArray(writer, inner);
                break;
        }
    }

    private static void WriteElements<T>(BinaryWriter writer, GgufValue value) where T : unmanaged =>
        writer.Write(MemoryMarshal.AsBytes((ReadOnlySpan<T>)(T[])value.Raw));

    private static void WriteString(BinaryWriter writer, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    private static void Pad(Stream stream, long start, int alignment)
    {
        var excess = (int)((stream.Position - start) % alignment);
        if (excess != 0) stream.Write(new byte[alignment - excess]);
    }

    private int Alignment()
    {
        var index = _metadata.FindIndex(entry => entry.Key == "general.alignment");
        if (index < 0) return DefaultAlignment;
        return _metadata[index].Value.Raw is uint a and >= 8 and <= 1 << 16 && uint.IsPow2(a)
            ? (int)a
            : throw new InvalidOperationException($"general.alignment must be a power of two from 8 to 65,536 as UInt32, found {_metadata[index].Value}");
    }

    private sealed record Entry(string Name, TensorType Type, IReadOnlyList<long> Shape, long ByteLength, Action<Stream> Write);
}

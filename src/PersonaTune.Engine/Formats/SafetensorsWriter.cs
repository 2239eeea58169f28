using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace PersonaTune.Engine.Formats;

/// <summary>
/// Collects tensors and writes them as a safetensors file; the same input gives the same bytes. The data of a tensor is produced
/// while it is written, so no more than one need be in memory. Not thread-safe.
/// </summary>
public sealed class SafetensorsWriter
{
    private readonly List<Entry> _entries = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal) { "__metadata__" };
    private readonly SortedDictionary<string, string> _metadata = new(StringComparer.Ordinal);

    /// <summary>Sets a string of <c>__metadata__</c>.</summary>
    public void SetMetadata(string key, string value) => _metadata[key] = value;

    /// <summary>Adds an F32 tensor; <paramref name="shape"/> is slowest index first.</summary>
    /// <exception cref="ArgumentException">The name was added before, or the shape does not fit the values.</exception>
    public void Add(string name, IReadOnlyList<long> shape, ReadOnlyMemory<float> values) =>
        Add(name, SafetensorsType.F32, shape, values.Length * 4L, stream => stream.Write(MemoryMarshal.AsBytes(values.Span)));

    /// <summary>Adds an F64 tensor; <paramref name="shape"/> is slowest index first.</summary>
    /// <exception cref="ArgumentException">The name was added before, or the shape does not fit the values.</exception>
    public void Add(string name, IReadOnlyList<long> shape, ReadOnlyMemory<double> values) =>
        Add(name, SafetensorsType.F64, shape, values.Length * 8L, stream => stream.Write(MemoryMarshal.AsBytes(values.Span)));

    /// <summary>Adds a tensor whose <paramref name="byteLength"/> little-endian bytes <paramref name="write"/> produces when its turn comes.</summary>
    /// <exception cref="ArgumentException">The name was added before, or the shape does not fit the length.</exception>
    public void Add(string name, SafetensorsType type, IReadOnlyList<long> shape, long byteLength, Action<Stream> write)
    {
        var expected = shape.Aggregate((long)type.ElementBytes(), (product, length) => checked(product * length));
        if (expected != byteLength) throw new ArgumentException($"'{name}' [{string.Join(", ", shape)}] of {type} takes {expected} bytes, found {byteLength}", nameof(byteLength));
        if (!_names.Add(name)) throw new ArgumentException($"'{name}' is reserved or was added before", nameof(name));
        _entries.Add(new Entry(name, type, shape, byteLength, write));
    }

    /// <summary>Writes the file atomically: see <see cref="AtomicFile"/>.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Write(string path) => AtomicFile.Write(path, Write);

    /// <summary>Writes the file's bytes to a stream that can tell its position.</summary>
    /// <exception cref="InvalidOperationException">A tensor produced another number of bytes than announced.</exception>
    public void Write(Stream stream)
    {
        var header = Header();
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach (var entry in _entries)
        {
            var start = stream.Position;
            entry.Write(stream);
            if (stream.Position - start != entry.ByteLength)
                throw new InvalidOperationException($"tensor '{entry.Name}' announced {entry.ByteLength} bytes and wrote {stream.Position - start}");
        }
    }

    private byte[] Header()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (_metadata.Count > 0)
            {
                json.WriteStartObject("__metadata__"u8);
                foreach (var (key, value) in _metadata) json.WriteString(key, value);
                json.WriteEndObject();
            }

            var offset = 0L;
            foreach (var entry in _entries)
            {
                json.WriteStartObject(entry.Name);
                json.WriteString("dtype"u8, entry.Type.ToString());
                json.WriteStartArray("shape"u8);
                foreach (var dimension in entry.Shape) json.WriteNumberValue(dimension);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets"u8);
                json.WriteNumberValue(offset);
                json.WriteNumberValue(offset += entry.ByteLength);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        // Spaces behind the object align the data to 8 bytes, as the specification allows.
        while (buffer.Length % 8 != 0) buffer.WriteByte((byte)' ');
        return buffer.ToArray();
    }

    private sealed record Entry(string Name, SafetensorsType Type, IReadOnlyList<long> Shape, long ByteLength, Action<Stream> Write);
}

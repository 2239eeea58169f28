using System.Buffers.Binary;
using System.Text.Json;

namespace PersonaTune.Engine.Formats;

/// <summary>The validated header of a safetensors file.</summary>
internal sealed record SafetensorsHeader(IReadOnlyDictionary<string, string> Metadata, IReadOnlyList<SafetensorsTensor> Tensors)
{
    private const int MaxRank = 16;

    /// <summary>
    /// Parses and checks the header: its length against the limit and the file, that it is one JSON object of known entries without
    /// duplicates, and that the tensors fill the rest of the file without hole or overlap.
    /// </summary>
    public static SafetensorsHeader Read(MappedMemory memory, SafetensorsOptions options)
    {
        if (memory.Length < 8) throw Error(memory, $"a safetensors file starts with 8 bytes of header length, found {memory.Length} bytes");
        var length = BinaryPrimitives.ReadUInt64LittleEndian(memory.Span(0, 8));
        if (length > (ulong)options.MaxHeaderBytes) throw Error(memory, $"the header claims {length} bytes, the limit is {options.MaxHeaderBytes}");
        if (length > (ulong)(memory.Length - 8)) throw Error(memory, $"the header claims {length} bytes, the file has {memory.Length - 8} after its length: it is truncated");
        var json = memory.Span(8, (int)length);
        if (json.IsEmpty || json[0] != (byte)'{') throw Error(memory, "the header does not start with '{'");
        try
        {
            return new Parser(memory, 8 + (long)length).Parse(json);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new FileFormatException(memory.Subject, $"the header is no valid JSON: {exception.Message}", exception);
        }
    }

    private static FileFormatException Error(MappedMemory memory, string problem) => new(memory.Subject, problem);

    private sealed class Parser(MappedMemory memory, long dataStart)
    {
        private readonly Dictionary<string, string> _metadata = new(StringComparer.Ordinal);
        private readonly List<SafetensorsTensor> _tensors = [];
        private readonly HashSet<string> _seen = new(StringComparer.Ordinal);

        public SafetensorsHeader Parse(ReadOnlySpan<byte> json)
        {
            // The padding behind the object is spaces alone; Utf8JsonReader would take line ends too.
            var end = json.TrimEnd((byte)' ');
            if (end.IsEmpty || end[^1] != (byte)'}') throw Error("the header ends in something other than '}' and spaces");
            var reader = new Utf8JsonReader(end, new JsonReaderOptions { MaxDepth = 4 });
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = reader.GetString()!;
                if (!_seen.Add(name)) throw Error($"'{name}' occurs twice in the header");
                reader.Read();
                if (name == "__metadata__") ReadMetadata(ref reader);
                else ReadTensor(ref reader, name);
            }

            reader.Read();
            CheckLayout();
            return new SafetensorsHeader(_metadata, _tensors);
        }

        private void ReadMetadata(ref Utf8JsonReader reader)
        {
            if (reader.TokenType != JsonTokenType.StartObject) throw Error("__metadata__ must be an object of strings");
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var key = reader.GetString()!;
                reader.Read();
                if (reader.TokenType != JsonTokenType.String) throw Error($"metadata '{key}' must be a string, found {reader.TokenType}");
                if (!_metadata.TryAdd(key, reader.GetString()!)) throw Error($"metadata '{key}' occurs twice");
            }
        }

        private void ReadTensor(ref Utf8JsonReader reader, string name)
        {
            if (reader.TokenType != JsonTokenType.StartObject) throw Error($"the entry of '{name}' must be an object");
            string? dtype = null;
            List<long>? shape = null;
            List<long>? offsets = null;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var key = reader.GetString();
                reader.Read();
                switch (key)
                {
                    case "dtype" when dtype is null && reader.TokenType == JsonTokenType.String:
                        dtype = reader.GetString();
                        break;
                    case "shape" when shape is null:
                        shape = ReadNumbers(ref reader, name, key, MaxRank);
                        break;
                    case "data_offsets" when offsets is null:
                        offsets = ReadNumbers(ref reader, name, key, 2);
                        break;
                    default:
                        throw Error($"the entry of '{name}' has an unknown, repeated or ill-typed field '{key}'");
                }
            }

            if (dtype is null || shape is null || offsets is not { Count: 2 })
                throw Error($"the entry of '{name}' must have dtype, shape and two data_offsets");
            Add(name, dtype, shape, offsets[0], offsets[1]);
        }

        private void Add(string name, string dtype, List<long> shape, long begin, long end)
        {
            var type = SafetensorsTypes.Parse(dtype) ?? throw Error($"'{name}' has the unsupported dtype '{dtype}'");
            var bytes = (UInt128)type.ElementBytes();
            foreach (var length in shape)
            {
                bytes *= (ulong)length;
                if (bytes > long.MaxValue) throw Error($"the shape of '{name}' overflows 63 bits");
            }

            if (begin > end || (UInt128)(end - begin) != bytes)
                throw Error($"'{name}' needs {bytes} bytes for its shape, its data_offsets are [{begin}, {end}]");
            if (end > memory.Length - dataStart)
                throw Error($"'{name}' ends at {end} of {memory.Length - dataStart} data bytes: the file is truncated or damaged");
            _tensors.Add(new SafetensorsTensor(name, type, shape, dataStart + begin, end - begin));
        }

        private List<long> ReadNumbers(ref Utf8JsonReader reader, string name, string key, int limit)
        {
            if (reader.TokenType != JsonTokenType.StartArray) throw Error($"'{key}' of '{name}' must be an array");
            var numbers = new List<long>();
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var number) || number < 0)
                    throw Error($"'{key}' of '{name}' must hold integers from 0 to 2^63 - 1");
                if (numbers.Count == limit) throw Error($"'{key}' of '{name}' has more than {limit} elements");
                numbers.Add(number);
            }

            return numbers;
        }

        private void CheckLayout()
        {
            var position = dataStart;
            foreach (var tensor in _tensors.OrderBy(t => t.Offset).ThenBy(t => t.ByteLength))
            {
                if (tensor.Offset > position) throw Error($"there is a hole of {tensor.Offset - position} bytes before '{tensor.Name}'");
                if (tensor.Offset < position) throw Error($"'{tensor.Name}' overlaps the tensor before it");
                position += tensor.ByteLength;
            }

            if (position != memory.Length) throw Error($"the tensors end at byte {position}, the file has {memory.Length}");
        }

        private FileFormatException Error(string problem) => SafetensorsHeader.Error(memory, problem);
    }
}

using System.Diagnostics.CodeAnalysis;
using PersonaTune.Engine.Quantization;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Formats;

/// <summary>
/// An open GGUF file (version 2 or 3, little-endian), memory-mapped and fully validated: a hostile file yields a
/// <see cref="FileFormatException"/>, never an allocation from an unchecked number. Thread-safe for reading.
/// </summary>
/// <remarks>Format: the GGUF specification of the ggml project.</remarks>
public sealed unsafe class GgufFile : IDisposable
{
    private readonly MappedMemory _memory;
    private readonly Dictionary<string, GgufTensor> _tensors;
    private readonly Lazy<string> _digest;

    private GgufFile(MappedMemory memory)
    {
        var header = new GgufReader(memory).Read();
        _memory = memory;
        Version = header.Version;
        Alignment = header.Alignment;
        Metadata = header.Metadata;
        Tensors = header.Tensors;
        _tensors = Tensors.ToDictionary(t => t.Name, StringComparer.Ordinal);
        _digest = new Lazy<string>(memory.Sha256);
    }

    /// <summary>The path, or the name given to the buffer.</summary>
    public string Subject => _memory.Subject;

    /// <summary>Format version, 2 or 3.</summary>
    public int Version { get; }

    /// <summary>Alignment of the tensor data in bytes, 32 unless the file says otherwise.</summary>
    public int Alignment { get; }

    /// <summary>Length of the file in bytes.</summary>
    public long ByteLength => _memory.Length;

    /// <summary>Key-value pairs.</summary>
    public GgufMetadata Metadata { get; }

    /// <summary>Tensors in file order.</summary>
    public IReadOnlyList<GgufTensor> Tensors { get; }

    /// <summary>SHA-256 of the whole file, lower-case hex; computed at the first use.</summary>
    public string Digest => _digest.Value;

    /// <summary>The mapped bytes; whoever takes them over disposes them instead of this object.</summary>
    internal MappedMemory Memory => _memory;

    /// <summary>Maps and validates a file.</summary>
    /// <exception cref="FileFormatException">The file is no valid GGUF file.</exception>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static GgufFile Open(string path) => Create(MappedMemory.Open(path));

    /// <summary>Copies and validates a buffer; <paramref name="subject"/> names it in messages.</summary>
    /// <exception cref="FileFormatException">The bytes are no valid GGUF file.</exception>
    public static GgufFile FromBytes(ReadOnlySpan<byte> bytes, string subject = "GGUF buffer") => Create(MappedMemory.Copy(subject, bytes));

    /// <summary>Looks a tensor up.</summary>
    public bool TryGetTensor(string name, [NotNullWhen(true)] out GgufTensor? tensor) => _tensors.TryGetValue(name, out tensor);

    /// <summary>A tensor's entry.</summary>
    /// <exception cref="FileFormatException">The file has no such tensor.</exception>
    public GgufTensor GetTensor(string name) =>
        _tensors.TryGetValue(name, out var tensor) ? tensor : throw new FileFormatException(Subject, $"tensor '{name}' is missing");

    /// <summary>A view of a tensor of two dimensions; nothing is copied. The view must not outlive this object.</summary>
    /// <exception cref="FileFormatException">The tensor is missing, has another rank, or a dimension above 2³¹ - 1.</exception>
    public WeightMatrix GetMatrix(string name)
    {
        var tensor = GetTensor(name);
        if (tensor.Shape.Count != 2)
            throw new FileFormatException(Subject, $"tensor '{name}' must be a matrix, its shape is {tensor.ShapeText}");
        if (tensor.Rows > int.MaxValue || tensor.Type.RowBytes(tensor.Columns) > int.MaxValue || tensor.Columns > int.MaxValue)
            throw new FileFormatException(Subject, $"matrix '{name}' {tensor.ShapeText} exceeds 2^31 - 1 rows or bytes a row");
        return new WeightMatrix(tensor.Type, (int)tensor.Rows, (int)tensor.Columns, _memory.Pointer + tensor.Offset, _memory);
    }

    /// <summary>A tensor of at most one dimension, decoded to f32.</summary>
    /// <exception cref="FileFormatException">The tensor is missing, has another rank, or its type cannot be decoded.</exception>
    public float[] GetVector(string name)
    {
        var tensor = GetTensor(name);
        if (tensor.Shape.Count > 1)
            throw new FileFormatException(Subject, $"tensor '{name}' must be a vector, its shape is {tensor.ShapeText}");
        return GetFloats(name);
    }

    /// <summary>All elements of a tensor of any rank in file order, decoded to f32.</summary>
    /// <exception cref="FileFormatException">The tensor is missing, too large for one array, or its type cannot be decoded.</exception>
    public float[] GetFloats(string name)
    {
        var tensor = GetTensor(name);
        if (!BlockCodec.CanDecode(tensor.Type)) throw new FileFormatException(Subject, $"tensor '{name}' of type {tensor.Type} cannot be decoded to f32");
        var values = new float[Checked(tensor, tensor.ElementCount)];
        BlockCodec.Decode(tensor.Type, GetBytes(name), values);
        return values;
    }

    /// <summary>The raw bytes of a tensor. The span must not outlive this object.</summary>
    /// <exception cref="FileFormatException">The tensor is missing or longer than a span can be.</exception>
    public ReadOnlySpan<byte> GetBytes(string name)
    {
        var tensor = GetTensor(name);
        return _memory.Span(tensor.Offset, Checked(tensor, tensor.ByteLength));
    }

    /// <summary>Unmaps the file; every view of it becomes invalid.</summary>
    public void Dispose() => _memory.Dispose();

    private static GgufFile Create(MappedMemory memory)
    {
        try
        {
            return new GgufFile(memory);
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    private int Checked(GgufTensor tensor, long count) =>
        count <= Array.MaxLength ? (int)count : throw new FileFormatException(Subject, $"tensor '{tensor.Name}' {tensor.ShapeText} is too large to copy");
}

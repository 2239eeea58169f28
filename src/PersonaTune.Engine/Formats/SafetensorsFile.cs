using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using PersonaTune.Engine.Quantization;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Formats;

/// <summary>
/// An open safetensors file, memory-mapped and fully validated: a hostile file yields a <see cref="FileFormatException"/>, never an
/// allocation from an unchecked number. Thread-safe for reading.
/// </summary>
/// <remarks>Format: the specification of the safetensors project.</remarks>
public sealed class SafetensorsFile : IDisposable
{
    private readonly MappedMemory _memory;
    private readonly Dictionary<string, SafetensorsTensor> _tensors;

    private SafetensorsFile(MappedMemory memory, SafetensorsOptions options)
    {
        var header = SafetensorsHeader.Read(memory, options);
        _memory = memory;
        Metadata = header.Metadata;
        Tensors = header.Tensors;
        _tensors = Tensors.ToDictionary(t => t.Name, StringComparer.Ordinal);
    }

    /// <summary>The path, or the name given to the buffer.</summary>
    public string Subject => _memory.Subject;

    /// <summary>The strings of <c>__metadata__</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Tensors in the header's order.</summary>
    public IReadOnlyList<SafetensorsTensor> Tensors { get; }

    /// <summary>Maps and validates a file; <paramref name="options"/> defaults to <see cref="SafetensorsOptions.Model"/>.</summary>
    /// <exception cref="FileFormatException">The file is no valid safetensors file.</exception>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static SafetensorsFile Open(string path, SafetensorsOptions? options = null) => Create(MappedMemory.Open(path), options);

    /// <summary>Copies and validates a buffer; <paramref name="subject"/> names it in messages.</summary>
    /// <exception cref="FileFormatException">The bytes are no valid safetensors file.</exception>
    public static SafetensorsFile FromBytes(ReadOnlySpan<byte> bytes, string subject = "safetensors buffer", SafetensorsOptions? options = null) =>
        Create(MappedMemory.Copy(subject, bytes), options);

    /// <summary>Looks a tensor up.</summary>
    public bool TryGetTensor(string name, [NotNullWhen(true)] out SafetensorsTensor? tensor) => _tensors.TryGetValue(name, out tensor);

    /// <summary>A tensor's entry.</summary>
    /// <exception cref="FileFormatException">The file has no such tensor.</exception>
    public SafetensorsTensor GetTensor(string name) =>
        _tensors.TryGetValue(name, out var tensor) ? tensor : throw new FileFormatException(Subject, $"tensor '{name}' is missing");

    /// <summary>All elements of an F32, F16, BF16 or F64 tensor as f32.</summary>
    /// <exception cref="FileFormatException">The tensor is missing, too large for one array, or holds no floats.</exception>
    public float[] GetFloats(string name)
    {
        var tensor = GetTensor(name);
        var values = new float[Checked(tensor, tensor.ElementCount)];
        CopyFloats(tensor, 0, values);
        return values;
    }

    /// <summary>Elements from <paramref name="first"/> on of an F32, F16, BF16 or F64 tensor as f32: for reading a large tensor in pieces.</summary>
    /// <exception cref="FileFormatException">The tensor holds no floats.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The range leaves the tensor.</exception>
    public void CopyFloats(SafetensorsTensor tensor, long first, Span<float> values)
    {
        if (first < 0 || first > tensor.ElementCount - values.Length)
            throw new ArgumentOutOfRangeException(nameof(first), first, $"{values.Length} elements from there leave '{tensor.Name}' {tensor.ShapeText}");
        var width = tensor.Type.ElementBytes();
        var bytes = _memory.Span(tensor.Offset + first * width, checked(values.Length * width));
        switch (tensor.Type)
        {
            case SafetensorsType.F32: BlockCodec.Decode(TensorType.F32, bytes, values); break;
            case SafetensorsType.F16: BlockCodec.Decode(TensorType.F16, bytes, values); break;
            case SafetensorsType.BF16: BlockCodec.Decode(TensorType.BF16, bytes, values); break;
            case SafetensorsType.F64:
                var doubles = MemoryMarshal.Cast<byte, double>(bytes);
                for (var i = 0; i < doubles.Length; i++) values[i] = (float)doubles[i];
                break;
            default: throw new FileFormatException(Subject, $"tensor '{tensor.Name}' of type {tensor.Type} holds no floats");
        }
    }

    /// <summary>All elements of an F64 or F32 tensor as f64.</summary>
    /// <exception cref="FileFormatException">The tensor is missing, too large for one array, or of another type.</exception>
    public double[] GetDoubles(string name)
    {
        var tensor = GetTensor(name);
        return tensor.Type switch
        {
            SafetensorsType.F64 => MemoryMarshal.Cast<byte, double>(GetBytes(name)).ToArray(),
            SafetensorsType.F32 => Array.ConvertAll(GetFloats(name), x => (double)x),
            _ => throw new FileFormatException(Subject, $"tensor '{name}' must be F64 or F32, found {tensor.Type}"),
        };
    }

    /// <summary>The raw little-endian bytes of a tensor. The span must not outlive this object.</summary>
    /// <exception cref="FileFormatException">The tensor is missing or longer than a span can be.</exception>
    public ReadOnlySpan<byte> GetBytes(string name)
    {
        var tensor = GetTensor(name);
        return _memory.Span(tensor.Offset, Checked(tensor, tensor.ByteLength));
    }

    /// <summary>Unmaps the file; every span into it becomes invalid.</summary>
    public void Dispose() => _memory.Dispose();

    private static SafetensorsFile Create(MappedMemory memory, SafetensorsOptions? options)
    {
        try
        {
            return new SafetensorsFile(memory, options ?? SafetensorsOptions.Model);
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    private int Checked(SafetensorsTensor tensor, long count) =>
        count <= Array.MaxLength ? (int)count : throw new FileFormatException(Subject, $"tensor '{tensor.Name}' {tensor.ShapeText} is too large to copy");
}

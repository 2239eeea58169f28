using PersonaTune.Engine.Quantization;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Formats;

/// <summary>A GGUF model as the source of a conversion. Takes the file over.</summary>
internal sealed class GgufModelSource : ModelSource
{
    private readonly GgufFile _file;

    public GgufModelSource(GgufFile file)
    {
        _file = file;
        if (file.Metadata.FindString("general.type") is { } kind and not "model")
            throw new FileFormatException(file.Subject, $"general.type is '{kind}', expected a model");
        Metadata = [.. file.Metadata.Entries.Where(e => e.Key is not ("general.file_type" or "general.quantization_version" or "general.alignment"))];
        Tensors = [.. file.Tensors.Select(Source)];
    }

    public override string Subject => _file.Subject;

    public override IReadOnlyList<KeyValuePair<string, GgufValue>> Metadata { get; }

    public override IReadOnlyList<SourceTensor> Tensors { get; }

    /// <summary>What the file says most of its weights are, which <see cref="Metadata"/> leaves out; null where it does not say.</summary>
    public GgufValue? FileType => _file.Metadata.TryGet("general.file_type", out var value) ? value : null;

    public override void Dispose() => _file.Dispose();

    private SourceTensor Source(GgufTensor tensor)
    {
        IReadOnlyList<long> shape = tensor.Shape.Count == 0 ? [1] : tensor.Shape;
        if (tensor.Columns > int.MaxValue / 8) throw new FileFormatException(Subject, $"tensor '{tensor.Name}' has rows of {tensor.Columns} elements, too long to convert");
        return new SourceTensor(tensor.Name, shape, (row, values) => Read(tensor, row, values), tensor.Type, stream => Copy(tensor, stream));
    }

    private void Read(GgufTensor tensor, long firstRow, Span<float> values)
    {
        if (!BlockCodec.CanDecode(tensor.Type)) throw new FileFormatException(Subject, $"tensor '{tensor.Name}' of type {tensor.Type} cannot be decoded to f32");
        var rowBytes = tensor.Type.RowBytes(tensor.Columns);
        var rows = values.Length / (int)tensor.Columns;
        BlockCodec.Decode(tensor.Type, _file.Memory.Span(tensor.Offset + firstRow * rowBytes, checked((int)(rows * rowBytes))), values);
    }

    private void Copy(GgufTensor tensor, Stream stream)
    {
        for (var offset = 0L; offset < tensor.ByteLength;)
        {
            var length = (int)Math.Min(1 << 20, tensor.ByteLength - offset);
            stream.Write(_file.Memory.Span(tensor.Offset + offset, length));
            offset += length;
        }
    }
}

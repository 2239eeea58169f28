using PersonaTune.Engine.Quantization;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Formats;

/// <summary>
/// Makes GGUF model files: from a Hugging Face folder (config.json, safetensors, tokenizer.json) of the llama family or of a vision transformer, or from another
/// GGUF file. The same input and options give the same bytes. Static and thread-safe.
/// </summary>
public static class ModelConverter
{
    private const int ChunkElements = 1 << 20;

    /// <summary>
    /// Converts <paramref name="source"/> (a folder, or a GGUF file) to the GGUF file <paramref name="destination"/>, which appears only
    /// when it is complete. Memory: a few megabytes beside the mapped source.
    /// </summary>
    /// <exception cref="FileFormatException">The source is damaged or unsupported, or holds a value that the type cannot.</exception>
    /// <exception cref="ArgumentException">The options name a type that cannot be encoded, or the destination is the source.</exception>
    /// <exception cref="IOException">A file cannot be read or written.</exception>
    /// <exception cref="OperationCanceledException">The conversion was cancelled; nothing was left behind.</exception>
    public static ConversionResult Convert(string source, string destination, QuantizeOptions? options = null,
        IProgress<ConversionProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        options ??= new QuantizeOptions();
        foreach (var type in new[] { options.Type, options.EmbeddingType, options.HeadType })
            if (type is { } t && !BlockCodec.CanEncode(t)) throw new ArgumentException($"weights cannot be stored as {t}", nameof(options));
        if (Path.GetFullPath(source) == Path.GetFullPath(destination))
            throw new ArgumentException($"'{destination}' is the source itself; choose another destination", nameof(destination));

        using var model = Open(source);
        return Convert(model, tensor => TargetType(tensor, options), destination, options, progress, cancellationToken);
    }

    /// <summary>Writes a model with the type that <paramref name="typeOf"/> gives each tensor. Without <paramref name="stateType"/> the file type is what the source's metadata says.</summary>
    internal static ConversionResult Convert(ModelSource model, Func<SourceTensor, TensorType> typeOf, string destination, QuantizeOptions options,
        IProgress<ConversionProgress>? progress, CancellationToken cancellationToken, bool stateType = true)
    {
        var plan = model.Tensors.Select(tensor => (Tensor: tensor, Type: typeOf(tensor))).ToList();
        var writer = new GgufWriter();
        WriteMetadata(writer, model, options, stateType);
        var done = 0;
        foreach (var (tensor, type) in plan)
        {
            writer.Add(tensor.Name, type, tensor.Shape, stream =>
            {
                if (tensor.StoredType == type && tensor.Copy is not null) tensor.Copy(stream);
                else Encode(model.Subject, tensor, type, stream, options.Threads, cancellationToken);
                cancellationToken.ThrowIfCancellationRequested();
                progress?.Report(new ConversionProgress(tensor.Name, type, ++done, plan.Count));
            });
        }

        writer.Write(destination);
        return new ConversionResult(
            destination,
            ModelDigest.OfFile(destination),
            new FileInfo(destination).Length,
            plan.Sum(p => p.Tensor.Rows * p.Tensor.Columns),
            [.. plan.Where(p => p.Tensor.Shape.Count == 2 && IsWeight(p.Tensor.Name) && p.Type != Wanted(p.Tensor.Name, options)).Select(p => p.Tensor.Name)],
            plan.Any(p => p.Tensor.StoredType is { } stored && stored.BlockSize() > 1 && stored != p.Type));
    }

    private static ModelSource Open(string source)
    {
        if (Directory.Exists(source)) return HuggingFaceVisionConfig.Matches(source) ? HuggingFaceVisionSource.Open(source) : HuggingFaceModelSource.Open(source);
        var file = GgufFile.Open(source);
        try
        {
            return new GgufModelSource(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static void WriteMetadata(GgufWriter writer, ModelSource model, QuantizeOptions options, bool stateType)
    {
        foreach (var (key, value) in model.Metadata) writer.Set(key, value);
        if (options.Name is not null) writer.Set("general.name", GgufValue.Of(options.Name));
        if (stateType && FileType(options.Type) is { } fileType) writer.Set("general.file_type", GgufValue.Of(fileType));
        writer.Set("general.quantization_version", GgufValue.Of(2u));
    }

    private static TensorType TargetType(SourceTensor tensor, QuantizeOptions options)
    {
        if (tensor.Shape.Count == 1) return TensorType.F32;
        // What is no plain weight matrix (routers, convolutions) is delicate: it stays as it was.
        if (tensor.Shape.Count > 2 || !IsWeight(tensor.Name)) return tensor.StoredType ?? TensorType.F32;
        var wanted = Wanted(tensor.Name, options);
        if (tensor.Columns % wanted.BlockSize() == 0) return wanted;
        return tensor.Columns % TensorType.Q8_0.BlockSize() == 0 ? TensorType.Q8_0 : TensorType.F16;
    }

    private static TensorType Wanted(string name, QuantizeOptions options) => name switch
    {
        "token_embd.weight" => options.EmbeddingType ?? options.Type,
        "output.weight" => options.HeadType ?? options.Type,
        _ => options.Type,
    };

    private static bool IsWeight(string name) =>
        name.EndsWith(".weight", StringComparison.Ordinal) && !name.EndsWith("ffn_gate_inp.weight", StringComparison.Ordinal)
        && name != "v.position_embd.weight";

    private static void Encode(string subject, SourceTensor tensor, TensorType type, Stream stream, int threads, CancellationToken cancellationToken)
    {
        var columns = tensor.Columns;
        var rowBytes = checked((int)type.RowBytes(columns));
        var chunkRows = (int)Math.Clamp(tensor.Rows, 1, Math.Max(1, ChunkElements / columns));
        var values = new float[chunkRows * columns];
        var blocks = new byte[chunkRows * rowBytes];
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = threads == 0 ? Environment.ProcessorCount : threads, CancellationToken = cancellationToken };
        for (var first = 0L; first < tensor.Rows; first += chunkRows)
        {
            var rows = (int)Math.Min(chunkRows, tensor.Rows - first);
            tensor.Read(first, values.AsSpan(0, rows * columns));
            Demand(subject, tensor.Name, type, values.AsSpan(0, rows * columns));
            Parallel.For(0, rows, parallel, row =>
                BlockCodec.Encode(type, values.AsSpan(row * columns, columns), blocks.AsSpan(row * rowBytes, rowBytes)));
            stream.Write(blocks, 0, rows * rowBytes);
        }
    }

    private static void Demand(string subject, string name, TensorType type, ReadOnlySpan<float> values)
    {
        var limit = type is TensorType.F32 or TensorType.BF16 ? float.MaxValue : 65_504f;
        var index = values.IndexOfAnyExceptInRange(-limit, limit);
        if (index >= 0) throw new FileFormatException(subject, $"tensor '{name}' holds {values[index]}, which {type} cannot; choose F32 or BF16, or repair the source");
    }

    /// <summary>The number by which GGUF files tell what most of their weights are.</summary>
    private static uint? FileType(TensorType type) => type switch
    {
        TensorType.F32 => 0,
        TensorType.F16 => 1,
        TensorType.Q4_0 => 2,
        TensorType.Q4_1 => 3,
        TensorType.Q8_0 => 7,
        TensorType.Q5_0 => 8,
        TensorType.Q5_1 => 9,
        TensorType.Q4_K => 14,
        TensorType.Q5_K => 16,
        TensorType.Q6_K => 18,
        TensorType.BF16 => 32,
        _ => null,
    };
}

namespace PersonaTune.Engine.Formats;

/// <summary>A model that a conversion reads: GGUF metadata and tensors under their GGUF names. Dispose it after the conversion.</summary>
internal abstract class ModelSource : IDisposable
{
    /// <summary>The file or folder, for messages.</summary>
    public abstract string Subject { get; }

    /// <summary>Metadata in file order, without general.file_type, general.quantization_version and general.alignment.</summary>
    public abstract IReadOnlyList<KeyValuePair<string, GgufValue>> Metadata { get; }

    /// <summary>Tensors in file order.</summary>
    public abstract IReadOnlyList<SourceTensor> Tensors { get; }

    /// <summary>Closes the files.</summary>
    public abstract void Dispose();
}

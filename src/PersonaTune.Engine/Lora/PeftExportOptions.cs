namespace PersonaTune.Engine.Lora;

/// <summary>Settings of a PEFT export.</summary>
public sealed record PeftExportOptions
{
    /// <summary><c>base_model_name_or_path</c>: the Hugging Face model that the adapter is for. Default: the GGUF model's digest, since nothing better is known.</summary>
    public string? BaseModel { get; init; }

    /// <summary>Whether an existing folder is replaced that holds nothing but a PEFT adapter's two files. Default false.</summary>
    public bool Overwrite { get; init; }
}

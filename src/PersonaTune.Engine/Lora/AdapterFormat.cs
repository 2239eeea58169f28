namespace PersonaTune.Engine.Lora;

/// <summary>Formats in which adapters travel.</summary>
public enum AdapterFormat
{
    /// <summary>This library's own safetensors file.</summary>
    Safetensors,

    /// <summary>llama.cpp's adapter file.</summary>
    Gguf,

    /// <summary>PEFT's folder.</summary>
    Peft,

    /// <summary>mlx-lm's folder; read only.</summary>
    Mlx,

    /// <summary>ONNX Runtime's file; written only.</summary>
    Onnx,
}

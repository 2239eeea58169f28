using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Models;

namespace PersonaTune.Engine.Lora;

/// <summary>Reads and writes adapters in any format that is known here. Static and thread-safe.</summary>
public static class AdapterFiles
{
    /// <summary>The format of what lies at a path, by its first bytes or the folder's files.</summary>
    /// <exception cref="FileFormatException">It is none that can be read.</exception>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public static AdapterFormat Detect(string path)
    {
        if (Directory.Exists(path))
        {
            if (PeftAdapter.Exists(path)) return AdapterFormat.Peft;
            if (MlxAdapter.Exists(path)) return AdapterFormat.Mlx;
            throw new FileFormatException(path, "the folder is no adapter: expected adapter_config.json beside adapter_model.safetensors (PEFT) or adapters.safetensors (mlx-lm)");
        }

        Span<byte> head = stackalloc byte[9];
        int length;
        using (var file = File.OpenHandle(path)) length = RandomAccess.Read(file, head, 0);
        if (length >= 4 && head[..4].SequenceEqual("GGUF"u8)) return AdapterFormat.Gguf;
        if (length >= 8 && head[4..8].SequenceEqual("TORT"u8)) throw new FileFormatException(path, "an .onnx_adapter file is written but not read; import the PEFT folder that it was made from");
        if (length == 9 && head[8] == (byte)'{') return AdapterFormat.Safetensors;
        throw new FileFormatException(path, "this is no adapter of a known format: expected a GGUF or safetensors file, or a folder of PEFT or mlx-lm");
    }

    /// <summary>Reads an adapter of <paramref name="model"/>.</summary>
    /// <exception cref="FileFormatException">It is damaged or of an unknown format.</exception>
    /// <exception cref="AdapterMismatchException">It belongs to another model.</exception>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public static LoraAdapter Read(string path, DecoderModel model) => Detect(path) switch
    {
        AdapterFormat.Peft => PeftAdapter.Read(path, model),
        AdapterFormat.Mlx => MlxAdapter.Read(path, model),
        AdapterFormat.Gguf => LoraGguf.Read(path, model),
        _ => LoraSafetensors.Read(path, model),
    };

    /// <summary>Writes an adapter of <paramref name="model"/>; nothing half-written stays.</summary>
    /// <exception cref="AdapterMismatchException">The adapter does not belong to the model, or has what the format cannot hold.</exception>
    /// <exception cref="NotSupportedException">The format is only read.</exception>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void Write(LoraAdapter adapter, DecoderModel model, string path, AdapterFormat format, PeftExportOptions? peft = null)
    {
        switch (format)
        {
            case AdapterFormat.Peft:
                PeftAdapter.Write(adapter, model, path, peft);
                break;
            case AdapterFormat.Gguf:
                LoraGguf.Write(adapter, model, path);
                break;
            case AdapterFormat.Onnx:
                OnnxAdapter.Write(adapter, model, path);
                break;
            case AdapterFormat.Safetensors:
                LoraCompatibility.Demand(adapter, model);
                LoraSafetensors.Write(adapter, path);
                break;
            default:
                throw new NotSupportedException($"adapters are not written as {format}");
        }
    }
}

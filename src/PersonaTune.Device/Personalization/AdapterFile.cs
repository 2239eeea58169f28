using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;

namespace PersonaTune.Device.Personalization;

/// <summary>An adapter as the library stores it: a GGUF adapter file.</summary>
internal static class AdapterFile
{
    public static byte[] Write(LoraAdapter adapter, DecoderModel model) => LoraGguf.Write(adapter, model);

    public static LoraAdapter Read(ReadOnlySpan<byte> file, DecoderModel model, string subject)
    {
        using var gguf = GgufFile.FromBytes(file, subject);
        return LoraGguf.Read(gguf, model);
    }
}

using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;

namespace PersonaTune.Device.Personalization;

/// <summary>An adapter as the library stores it.</summary>
internal static class AdapterFile
{
    public static byte[] Write(LoraAdapter adapter) => throw new NotSupportedException();

    public static LoraAdapter Read(ReadOnlyMemory<byte> file, DecoderModel model, string subject) => throw new NotSupportedException();
}

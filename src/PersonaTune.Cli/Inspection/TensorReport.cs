using System.Text.Json;

namespace PersonaTune.Cli.Inspection;

/// <summary>A list of tensors as JSON.</summary>
internal static class TensorReport
{
    public static void Write(Utf8JsonWriter json, IReadOnlyList<TensorSummary> tensors)
    {
        json.WriteStartArray("tensors");
        foreach (var tensor in tensors)
        {
            json.WriteStartObject();
            json.WriteString("name", tensor.Name);
            json.WriteString("type", tensor.Type);
            json.WriteStartArray("shape");
            foreach (var length in tensor.Shape) json.WriteNumberValue(length);
            json.WriteEndArray();
            json.WriteNumber("bytes", tensor.Bytes);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}

using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace PersonaTune.Cli.Terminal;

/// <summary>One JSON object on stdout, written by hand: no reflection, so the tool can be trimmed.</summary>
internal static class JsonReport
{
    // The output is a terminal or a file, never a web page: emoji and umlauts stay readable.
    private static readonly JsonWriterOptions Indented = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes an indented object whose members <paramref name="members"/> writes.</summary>
    public static void Write(TextWriter output, Action<Utf8JsonWriter> members) => output.WriteLine(Text(Indented, members));

    /// <summary>Writes an object on one line (JSON lines).</summary>
    public static void WriteLine(TextWriter output, Action<Utf8JsonWriter> members) => output.WriteLine(Text(Compact, members));

    /// <summary>A number, or null where it is no finite number: JSON has no NaN.</summary>
    public static void WriteFinite(this Utf8JsonWriter json, string name, double value)
    {
        if (double.IsFinite(value)) json.WriteNumber(name, value);
        else json.WriteNull(name);
    }

    private static string Text(JsonWriterOptions options, Action<Utf8JsonWriter> members)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, options))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }
}

using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;

namespace PersonaTune.Device.Storage;

/// <summary>One line of an export.</summary>
internal static class ExampleJson
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.Create(UnicodeRanges.All) };

    public static byte[] Line(Example example)
    {
        var buffer = new ArrayBufferWriter<byte>(128 + example.Content.Length);
        using (var writer = new Utf8JsonWriter(buffer, Options))
        {
            writer.WriteStartObject();
            writer.WriteString("id"u8, example.Id.ToString());
            writer.WriteString("collection"u8, example.Collection);
            writer.WriteString("kind"u8, Name(example.Kind));
            writer.WriteString("time"u8, example.Time);
            var isText = example.Kind is ExampleKind.Text or ExampleKind.AcceptedText && Utf8.IsValid(example.Content.Span);
            if (isText) writer.WriteString("text"u8, example.Content.Span);
            else writer.WriteBase64String("base64"u8, example.Content.Span);
            writer.WriteEndObject();
        }
        buffer.Write("\n"u8);
        return buffer.WrittenSpan.ToArray();
    }

    private static string Name(ExampleKind kind) => kind switch
    {
        ExampleKind.Text => "text",
        ExampleKind.AcceptedText => "accepted-text",
        ExampleKind.Preference => "preference",
        ExampleKind.Image => "image",
        _ => ((byte)kind).ToString(System.Globalization.CultureInfo.InvariantCulture),
    };
}

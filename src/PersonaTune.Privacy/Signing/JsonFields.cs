using System.Globalization;
using System.Text.Json;

namespace PersonaTune.Privacy.Signing;

/// <summary>Strict access to the members of canonical JSON: exactly those that are expected, each of its type.</summary>
internal readonly struct JsonFields(string subject)
{
    private const string TimeForm = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    public SigningException Malformed(string problem) =>
        new(SigningFault.Malformed, subject, problem + "; it was altered or written by something else");

    /// <summary>Throws unless the members are exactly <paramref name="names"/>; canonical JSON has no duplicates.</summary>
    public void Exactly(JsonElement element, params ReadOnlySpan<string> names)
    {
        if (element.ValueKind != JsonValueKind.Object) throw Malformed($"expected an object, found {element.ValueKind}");
        foreach (var name in names)
        {
            if (!element.TryGetProperty(name, out _)) throw Malformed($"the member '{name}' is missing");
        }
        foreach (var member in element.EnumerateObject())
        {
            if (!names.Contains(member.Name)) throw Malformed($"the member '{member.Name}' is unknown");
        }
    }

    public string Text(JsonElement element, string name)
    {
        var value = element.GetProperty(name);
        return value.ValueKind == JsonValueKind.String
            ? value.GetString()! : throw Malformed($"'{name}' is {value.ValueKind}, expected text");
    }

    public long Integer(JsonElement element, string name) => Integer(element.GetProperty(name));

    public long Integer(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number ? value.GetInt64() : throw Malformed($"expected an integer, found {value.ValueKind}");

    public JsonElement Array(JsonElement element, string name) => Kind(element, name, JsonValueKind.Array);

    public JsonElement Object(JsonElement element, string name) => Kind(element, name, JsonValueKind.Object);

    public Sha256Digest Digest(string text) =>
        Sha256Digest.TryParse(text, out var digest) ? digest : throw Malformed($"'{text}' is not a SHA-256 digest of 64 lower-case digits");

    public DateTimeOffset Time(JsonElement element, string name)
    {
        var text = Text(element, name);
        return DateTimeOffset.TryParseExact(text, TimeForm, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time
            : throw Malformed($"'{name}' is '{text}', expected a time such as 2026-01-31T23:59:59Z");
    }

    public static string Form(DateTimeOffset time) => time.ToUniversalTime().ToString(TimeForm, CultureInfo.InvariantCulture);

    private JsonElement Kind(JsonElement element, string name, JsonValueKind kind)
    {
        var value = element.GetProperty(name);
        return value.ValueKind == kind ? value : throw Malformed($"'{name}' is {value.ValueKind}, expected {kind}");
    }
}

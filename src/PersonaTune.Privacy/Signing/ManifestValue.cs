using System.Globalization;
using System.Text.Json;

namespace PersonaTune.Privacy.Signing;

/// <summary>
/// A setting of the LoRA configuration in a manifest: text, an integer of at most 2^53 - 1, or an exact decimal fraction. In
/// JSON a fraction is <c>{"decimal":"0.05"}</c>, without an exponent or trailing zeros, so that each value has one form.
/// Immutable.
/// </summary>
public sealed record ManifestValue
{
    private const string DecimalForm = "0.############################";

    private ManifestValue(ManifestValueKind kind, string text, long integer, decimal fraction) =>
        (Kind, Text, Integer, Decimal) = (kind, text, integer, fraction);

    /// <summary>What the value is; the other two properties are empty or zero.</summary>
    public ManifestValueKind Kind { get; }

    /// <summary>The text.</summary>
    public string Text { get; }

    /// <summary>The integer.</summary>
    public long Integer { get; }

    /// <summary>The fraction.</summary>
    public decimal Decimal { get; }

    /// <summary>A value of text.</summary>
    public static ManifestValue Of(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new ManifestValue(ManifestValueKind.Text, text, 0, 0);
    }

    /// <summary>A value that is an integer.</summary>
    public static ManifestValue Of(long integer)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(integer, -CanonicalJson.MaxInteger);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(integer, CanonicalJson.MaxInteger);
        return new ManifestValue(ManifestValueKind.Integer, "", integer, 0);
    }

    /// <summary>A value that is a fraction.</summary>
    public static ManifestValue Of(decimal fraction) => new(ManifestValueKind.Decimal, "", 0, fraction);

    /// <summary>The value as a person would write it.</summary>
    public override string ToString() => Kind switch
    {
        ManifestValueKind.Text => Text,
        ManifestValueKind.Integer => Integer.ToString(CultureInfo.InvariantCulture),
        _ => Form(Decimal),
    };

    internal void Write(Utf8JsonWriter writer)
    {
        switch (Kind)
        {
            case ManifestValueKind.Text:
                writer.WriteStringValue(Text);
                break;
            case ManifestValueKind.Integer:
                writer.WriteNumberValue(Integer);
                break;
            default:
                writer.WriteStartObject();
                writer.WriteString("decimal", Form(Decimal));
                writer.WriteEndObject();
                break;
        }
    }

    internal static ManifestValue Read(JsonElement element, JsonFields fields)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                return Of(element.GetString()!);
            case JsonValueKind.Number:
                return Of(element.GetInt64());
            default:
                fields.Exactly(element, "decimal");
                var text = fields.Text(element, "decimal");
                if (!decimal.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture,
                    out var value)
                    || !string.Equals(Form(value), text, StringComparison.Ordinal))
                    throw fields.Malformed($"'{text}' is not a decimal fraction in its shortest form");
                return Of(value);
        }
    }

    private static string Form(decimal value) => value == 0 ? "0" : value.ToString(DecimalForm, CultureInfo.InvariantCulture);
}

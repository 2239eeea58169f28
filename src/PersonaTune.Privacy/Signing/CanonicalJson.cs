using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace PersonaTune.Privacy.Signing;

/// <summary>
/// The one encoding of a JSON value that gets signed: JSON Canonicalization Scheme (RFC 8785) over I-JSON without fractions.
/// Members are sorted by UTF-16 code units, nothing is escaped that need not be, there is no white space, and a number is an
/// integer between -(2^53 - 1) and 2^53 - 1. Thread-safe.
/// </summary>
/// <remarks>
/// Refused on input: fractions and exponents, duplicate members, lone surrogates, a byte order mark, invalid UTF-8, comments,
/// nesting deeper than <see cref="MaxDepth"/>. Text is kept as it is and not brought to a normalization form, as RFC 8785 has
/// it: what is normalized depends on the Unicode version, and two devices must never disagree about signed bytes.
/// </remarks>
public static class CanonicalJson
{
    /// <summary>The deepest nesting of objects and arrays.</summary>
    public const int MaxDepth = 16;

    /// <summary>The largest magnitude of a number: 2^53 - 1.</summary>
    public const long MaxInteger = (1L << 53) - 1;

    /// <summary>The canonical form of <paramref name="json"/>; errors name <paramref name="subject"/>.</summary>
    /// <exception cref="SigningException"><see cref="SigningFault.Malformed"/>: it is not JSON of the kind above.</exception>
    public static byte[] Canonicalize(ReadOnlySpan<byte> json, string subject)
    {
        if (!Utf8.IsValid(json)) throw Malformed(subject, "it is not UTF-8");
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });
            var output = new ArrayBufferWriter<byte>(Math.Max(16, json.Length));
            reader.Read();
            WriteValue(ref reader, output, subject);
            reader.Read(); // throws where anything but white space follows
            return output.WrittenSpan.ToArray();
        }
        catch (JsonException e)
        {
            throw Malformed(subject, $"it is not JSON of at most {MaxDepth} levels: {e.Message}", e);
        }
        catch (InvalidOperationException e)
        {
            throw Malformed(subject, "a text holds half a surrogate pair", e);
        }
    }

    /// <summary>Throws unless <paramref name="json"/> is its own canonical form.</summary>
    /// <exception cref="SigningException">
    /// <see cref="SigningFault.NonCanonical"/> or, where it has no canonical form, <see cref="SigningFault.Malformed"/>.
    /// </exception>
    public static void Require(ReadOnlySpan<byte> json, string subject)
    {
        if (!Canonicalize(json, subject).AsSpan().SequenceEqual(json))
            throw new SigningException(SigningFault.NonCanonical, subject,
                "it is not in canonical form (RFC 8785); it was re-encoded on its way: fetch the original bytes");
    }

    private static void WriteValue(ref Utf8JsonReader reader, ArrayBufferWriter<byte> output, string subject)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                WriteObject(ref reader, output, subject);
                break;
            case JsonTokenType.StartArray:
                output.Write("["u8);
                for (var first = true; reader.Read() && reader.TokenType != JsonTokenType.EndArray; first = false)
                {
                    if (!first) output.Write(","u8);
                    WriteValue(ref reader, output, subject);
                }
                output.Write("]"u8);
                break;
            case JsonTokenType.String:
                WriteText(reader.GetString()!, output);
                break;
            case JsonTokenType.Number:
                if (!reader.TryGetInt64(out var number) || number is < -MaxInteger or > MaxInteger)
                    throw Malformed(subject, $"a number is no integer of at most {MaxInteger}; write fractions as text");
                output.Write(Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture)));
                break;
            default:
                output.Write(reader.ValueSpan); // true, false, null
                break;
        }
    }

    private static void WriteObject(ref Utf8JsonReader reader, ArrayBufferWriter<byte> output, string subject)
    {
        var members = new List<(string Name, byte[] Value)>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var name = reader.GetString()!;
            reader.Read();
            var value = new ArrayBufferWriter<byte>();
            WriteValue(ref reader, value, subject);
            members.Add((name, value.WrittenSpan.ToArray()));
        }
        members.Sort((x, y) => string.CompareOrdinal(x.Name, y.Name));
        output.Write("{"u8);
        for (var i = 0; i < members.Count; i++)
        {
            if (i > 0 && string.Equals(members[i].Name, members[i - 1].Name, StringComparison.Ordinal))
                throw Malformed(subject, $"the member '{members[i].Name}' occurs twice");
            if (i > 0) output.Write(","u8);
            WriteText(members[i].Name, output);
            output.Write(":"u8);
            output.Write(members[i].Value);
        }
        output.Write("}"u8);
    }

    private static void WriteText(string text, ArrayBufferWriter<byte> output)
    {
        var escaped = new StringBuilder(text.Length + 2).Append('"');
        foreach (var c in text)
        {
            _ = c switch
            {
                '"' => escaped.Append("\\\""),
                '\\' => escaped.Append("\\\\"),
                '\b' => escaped.Append("\\b"),
                '\t' => escaped.Append("\\t"),
                '\n' => escaped.Append("\\n"),
                '\f' => escaped.Append("\\f"),
                '\r' => escaped.Append("\\r"),
                < ' ' => escaped.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture)),
                _ => escaped.Append(c),
            };
        }
        output.Write(Encoding.UTF8.GetBytes(escaped.Append('"').ToString()));
    }

    private static SigningException Malformed(string subject, string problem, Exception? inner = null) =>
        new(SigningFault.Malformed, subject, problem + "; it was altered or written by something else", inner);
}

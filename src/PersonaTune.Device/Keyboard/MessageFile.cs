using System.Globalization;
using System.Text;
using System.Text.Json;

namespace PersonaTune.Device.Keyboard;

/// <summary>
/// Reads a person's messages from a file: plain text with one message a line, or JSON lines <c>{"user", "id", "time", "text"}</c> of
/// which only "text" is required. Which of both it is shows in the first character that is no white space. UTF-8, with or without
/// a byte order mark. Static and thread-safe.
/// </summary>
public static class MessageFile
{
    /// <summary>Largest file that is read, in bytes: 64 MiB.</summary>
    public const int MaximumBytes = 64 << 20;

    /// <summary>Longest message, in UTF-16 units; longer lines are refused as no messages.</summary>
    public const int MaximumCharacters = 100_000;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static readonly string[] TimeFormats =
        ["yyyy-MM-ddTHH:mm:ssK", "yyyy-MM-ddTHH:mm:ss.FFFFFFFK", "yyyy-MM-dd HH:mm:ssK", "yyyy-MM-dd HH:mmK", "yyyy-MM-ddTHH:mmK", "yyyy.MM.dd HH:mm:ss", "yyyy-MM-dd"];

    /// <summary>The messages of a file, in the file's order.</summary>
    /// <exception cref="MessageFileException">The file is missing, too large, no UTF-8 text, empty, or a line is no message.</exception>
    public static IReadOnlyList<FileMessage> Read(string path)
    {
        try
        {
            using var stream = File.OpenRead(path);
            return Read(stream, path);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new MessageFileException(path, 0, "no such file; give a text file with one message a line", exception);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new MessageFileException(path, 0, "not readable, or a folder; give a text file with one message a line", exception);
        }
    }

    /// <summary>The messages of a stream; <paramref name="subject"/> names it in errors.</summary>
    /// <exception cref="MessageFileException">As for <see cref="Read(string)"/>.</exception>
    public static IReadOnlyList<FileMessage> Read(Stream stream, string subject)
    {
        var lines = Text(stream, subject).Split('\n');
        var first = Array.FindIndex(lines, line => !string.IsNullOrWhiteSpace(line));
        if (first < 0) throw new MessageFileException(subject, 0, "holds no text; expected one message a line");
        var json = lines[first].TrimStart()[0] == '{';
        var messages = new List<FileMessage>(lines.Length);
        for (var i = first; i < lines.Length; i++)
        {
            var line = lines[i].Trim();
            if (line.Length == 0) continue;
            if (line.Length > MaximumCharacters)
                throw new MessageFileException(subject, i + 1, $"{line.Length} characters; expected at most {MaximumCharacters} a message");
            if ((json ? Parse(line, subject, i + 1) : new FileMessage(null, null, null, line)) is { } message) messages.Add(message);
        }

        return messages.Count > 0 ? messages : throw new MessageFileException(subject, 0, "every message is empty; expected text to learn from");
    }

    private static string Text(Stream stream, string subject)
    {
        using var buffer = new MemoryStream();
        var chunk = new byte[81_920];
        for (int read; (read = stream.Read(chunk, 0, chunk.Length)) > 0;)
        {
            if (buffer.Length + read > MaximumBytes)
                throw new MessageFileException(subject, 0, $"more than {MaximumBytes >> 20} MiB; split it into smaller files");
            buffer.Write(chunk, 0, read);
        }

        var bytes = buffer.GetBuffer().AsSpan(0, (int)buffer.Length);
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF])) bytes = bytes[3..];
        if (bytes.IndexOf((byte)0) >= 0) throw new MessageFileException(subject, 0, "holds zero bytes, so it is no UTF-8 text; save it as UTF-8");
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException exception)
        {
            throw new MessageFileException(subject, 0, $"no UTF-8 text (byte {exception.Index}); save it as UTF-8", exception);
        }
    }

    private static FileMessage? Parse(string line, string subject, int number)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(line, new JsonDocumentOptions { MaxDepth = 8 });
        }
        catch (JsonException exception)
        {
            throw new MessageFileException(subject, number, "no JSON object; expected {\"user\", \"id\", \"time\", \"text\"} on one line", exception);
        }

        using (document)
        {
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("text", out var text) || text.ValueKind != JsonValueKind.String)
                throw new MessageFileException(subject, number, "no string \"text\"; expected {\"user\", \"id\", \"time\", \"text\"} on one line");
            var time = Member(document.RootElement, "time");
            DateTimeOffset parsed = default;
            if (time is not null && !DateTimeOffset.TryParseExact(time, TimeFormats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out parsed))
                throw new MessageFileException(subject, number, "\"time\" is no date and time; expected for example 2026-03-02T08:55:06Z");
            var value = String(text).Trim();
            return value.Length == 0
                ? null
                : new FileMessage(Member(document.RootElement, "user"), Member(document.RootElement, "id"), time is null ? null : parsed, value);
        }

        string? Member(JsonElement element, string name) => !element.TryGetProperty(name, out var member) ? null : member.ValueKind switch
        {
            JsonValueKind.String => String(member),
            JsonValueKind.Number => member.GetRawText(),
            _ => null,
        };

        // A lone surrogate escape is valid JSON but no text.
        string String(JsonElement element)
        {
            try
            {
                return element.GetString()!;
            }
            catch (InvalidOperationException exception)
            {
                throw new MessageFileException(subject, number, "a string holds half of a surrogate pair; expected text", exception);
            }
        }
    }
}

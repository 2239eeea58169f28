using System.Text.Json;
using PersonaTune.Engine.Formats;

namespace PersonaTune.Device.Keyboard;

/// <summary>One person's messages in the order in which they were written.</summary>
/// <param name="User">Whose messages they are.</param>
/// <param name="Messages">The texts, oldest first.</param>
public sealed record PersonHistory(string User, IReadOnlyList<string> Messages)
{
    /// <summary>
    /// Reads JSON lines with the string properties <c>user</c> and <c>text</c> (others are ignored). People come in order of their first
    /// line, messages in order of the lines; empty lines are skipped.
    /// </summary>
    /// <exception cref="FileFormatException">A line is not such an object; the message names its number.</exception>
    public static IReadOnlyList<PersonHistory> ReadJsonLines(TextReader reader, string subject)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var people = new List<PersonHistory>();
        var byUser = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        for (var number = 1; reader.ReadLine() is { } line; number++)
        {
            if (string.IsNullOrWhiteSpace(line)) continue;
            string user, text;
            try
            {
                using var json = JsonDocument.Parse(line);
                user = Property(json.RootElement, "user");
                text = Property(json.RootElement, "text");
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException)
            {
                throw new FileFormatException(subject, $"line {number} is not an object with the strings 'user' and 'text': {e.Message}", e);
            }
            if (!byUser.TryGetValue(user, out var messages))
            {
                byUser.Add(user, messages = []);
                people.Add(new PersonHistory(user, messages));
            }
            messages.Add(text);
        }
        return people;
    }

    private static string Property(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.GetString() is { } text
            ? text
            : throw new InvalidOperationException($"'{name}' is missing");
}

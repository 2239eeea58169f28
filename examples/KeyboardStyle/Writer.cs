using PersonaTune.Device.Keyboard;

namespace KeyboardStyle;

/// <summary>A person's messages, oldest first: the first 80 % are learned, the last 20 % are never stored and only test what was learned.</summary>
internal sealed record Writer(string Name, IReadOnlyList<FileMessage> Messages)
{
    /// <summary>Fewest messages that make a demonstration: 32 to learn from, 8 to test on.</summary>
    public const int MinimumMessages = 40;

    private int Split => (int)(Messages.Count * 0.8);

    public IEnumerable<FileMessage> Learned => Messages.Take(Split);

    public IEnumerable<FileMessage> Test => Messages.Skip(Split);

    public static Writer Read(string path, string? name)
    {
        var messages = MessageFile.Read(path);
        if (messages.Select(message => message.User).Distinct(StringComparer.Ordinal).Count() > 1)
            throw new DemoException(3, $"{path}: holds messages of several users; keep those of one person");
        if (messages.Count < MinimumMessages)
            throw new DemoException(7, $"{path}: {messages.Count} messages; expected at least {MinimumMessages} (80 % to learn from, 20 % to test on), and better 200");
        return new Writer(name ?? messages[0].User ?? Path.GetFileNameWithoutExtension(path), messages);
    }
}

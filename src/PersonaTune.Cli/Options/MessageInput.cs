using System.CommandLine;
using PersonaTune.Cli.Failures;
using PersonaTune.Device.Keyboard;

namespace PersonaTune.Cli.Options;

/// <summary>The options that give messages: files (or <c>-</c> for stdin) and single texts.</summary>
internal sealed class MessageInput
{
    public Argument<string[]> Files { get; } = new("files")
    {
        Description = "Text files with one message a line, or JSON lines {user, id, time, text}; - reads stdin.",
        Arity = ArgumentArity.ZeroOrMore,
        HelpName = "FILE",
    };

    public Option<string[]> Texts { get; } = new("--text") { Description = "One message; may be repeated.", HelpName = "TEXT", DefaultValueFactory = _ => [] };

    public Option<string?> From { get; } = new("--from") { Description = "Of a JSON-lines file with several users, the messages of this one.", HelpName = "NAME" };

    public Option<bool> Again { get; } = new("--again") { Description = "Add messages that the store holds already once more." };

    public void AddTo(Command command)
    {
        command.Add(Files);
        command.Add(Texts);
        command.Add(From);
        command.Add(Again);
    }

    /// <summary>The messages in the order given.</summary>
    /// <exception cref="ToolException">A file holds several users' messages and none was chosen.</exception>
    /// <exception cref="MessageFileException">A file cannot be used.</exception>
    public IReadOnlyList<FileMessage> Read(Invocation invocation)
    {
        var messages = new List<FileMessage>();
        foreach (var file in invocation.Parse.GetValue(Files) ?? [])
            messages.AddRange(Choose(file == "-" ? ReadInput(invocation) : MessageFile.Read(file), file, invocation.Parse.GetValue(From)));
        foreach (var text in invocation.Parse.GetValue(Texts) ?? [])
        {
            if (string.IsNullOrWhiteSpace(text)) throw new ToolException(ExitCode.BadInput, "--text: holds no text; expected a message");
            messages.Add(new FileMessage(null, null, null, text.Trim()));
        }

        return messages;
    }

    private static IReadOnlyList<FileMessage> ReadInput(Invocation invocation)
    {
        using var stream = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(invocation.Console.In.ReadToEnd()));
        return MessageFile.Read(stream, "stdin");
    }

    private static IReadOnlyList<FileMessage> Choose(IReadOnlyList<FileMessage> messages, string file, string? from)
    {
        if (from is not null)
        {
            var chosen = messages.Where(message => string.Equals(message.User, from, StringComparison.Ordinal)).ToList();
            return chosen.Count > 0 ? chosen : throw new ToolException(ExitCode.NothingToDo, $"{file}: no message of user '{from}'; leave --from out, or name a user of the file");
        }

        var users = messages.Select(message => message.User).Distinct(StringComparer.Ordinal).Count();
        return users == 1
            ? messages
            : throw new ToolException(ExitCode.BadInput, $"{file}: messages of {users} users; an adapter learns from one person, so choose one with --from NAME");
    }
}

using System.CommandLine;
using System.Globalization;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Learning;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;
using PersonaTune.Device.Storage;

namespace PersonaTune.Cli.Stores;

/// <summary><c>store forget</c>: deletes messages and what learned from them, or everything of a user.</summary>
internal static class StoreForgetCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console)
    {
        var ids = new Option<string[]>("--id") { Description = "A message by its id ('store list' shows it); may be repeated.", HelpName = "ID", DefaultValueFactory = _ => [] };
        var containing = new Option<string?>("--containing") { Description = "Messages that contain this text, in upper or lower case.", HelpName = "TEXT" };
        var before = new Option<DateTimeOffset?>("--before") { Description = "Messages older than this date (UTC).", HelpName = "DATE" };
        var everything = new Option<bool>("--everything") { Description = "All of the user: messages, adapters, consent; their key is destroyed." };
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask before --everything." };
        var command = new Command("forget", "Delete messages and invalidate the adapters that learned from them, or erase a user.") { ids, containing, before, everything, yes, shared.Model };
        shared.AddStore(command);
        command.Validators.Add(result =>
        {
            var given = new Option[] { ids, containing, before, everything }.Count(option => result.GetResult(option) is { Implicit: false });
            if (given != 1) result.AddError($"forget: expected one of --id, --containing, --before and --everything, found {given}");
        });
        Invocation.SetAction(command, shared, console, invocation =>
        {
            var parse = invocation.Parse;
            return parse.GetValue(everything)
                ? EraseAsync(invocation, parse.GetValue(yes))
                : DeleteAsync(invocation, parse.GetValue(ids) ?? [], parse.GetValue(containing), parse.GetValue(before));
        });
        return command;
    }

    private static async Task<int> DeleteAsync(Invocation invocation, string[] ids, string? containing, DateTimeOffset? before)
    {
        var wanted = ids.Select(id => RecordId.TryParse(id, out var parsed)
            ? parsed
            : throw new ToolException(ExitCode.Usage, $"'{id}' is no message id; expected 32 hexadecimal digits as 'personatune store list' shows them")).ToHashSet();
        await using var session = await PersonalSession.OpenAsync(invocation, createStore: false);
        var chosen = new List<RecordId>();
        await foreach (var example in session.Store.Examples.ListAsync(invocation.User, MessageImport.Collection, invocation.Cancellation))
        {
            if (wanted.Contains(example.Id)
                || (containing is not null && example.Text.Contains(containing, StringComparison.OrdinalIgnoreCase))
                || (before is { } limit && example.Time < limit))
                chosen.Add(example.Id);
        }

        if (chosen.Count == 0) throw new ToolException(ExitCode.NothingToDo, $"no stored message of '{invocation.User}' matches; see 'personatune store list'");
        var (deleted, invalidated, active) = await session.Personalizer.DeleteExamplesAsync(invocation.User, chosen, invocation.Cancellation);
        if (invocation.Json)
        {
            JsonReport.Write(invocation.Console.Out, json =>
            {
                json.WriteString("user", invocation.User);
                json.WriteNumber("deleted", deleted);
                json.WriteStartArray("invalidated");
                foreach (var entry in invalidated) json.WriteStringValue(entry.Id);
                json.WriteEndArray();
                json.WriteString("active", active?.Id);
            });
        }
        else
        {
            invocation.Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"deleted {deleted} messages; {invalidated.Count} adapters had learned from them and are erased; active: {active?.Id ?? "the base model"}"));
            foreach (var entry in invalidated) invocation.Note($"make adapter {entry.Id} again without them: personatune train --again {entry.Id}");
        }

        return ExitCode.Success;
    }

    private static async Task<int> EraseAsync(Invocation invocation, bool yes)
    {
        await using var store = await invocation.Store().OpenAsync(create: false, invocation.Cancellation);
        if (!yes)
        {
            if (!invocation.Console.CanPrompt) throw new ToolException(ExitCode.Usage, $"forget --everything erases all of '{invocation.User}' for good; confirm with --yes");
            invocation.Console.Error.Write($"Erase everything of '{invocation.User}' for good? Type the name to confirm: ");
            if (!string.Equals(invocation.Console.In.ReadLine()?.Trim(), invocation.User, StringComparison.Ordinal))
                throw new ToolException(ExitCode.Failure, "not confirmed; nothing was erased");
        }

        if (!store.Keyring.Users.Contains(invocation.User)) throw new ToolException(ExitCode.NothingToDo, $"the store has no user '{invocation.User}'; see 'personatune store list --json'");
        var records = await store.ForgetAsync(invocation.User, invocation.Cancellation);
        if (invocation.Json)
        {
            JsonReport.Write(invocation.Console.Out, json =>
            {
                json.WriteString("user", invocation.User);
                json.WriteNumber("erasedRecords", records);
            });
        }
        else invocation.Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"erased '{invocation.User}': {records} records and the key that opened them"));

        return ExitCode.Success;
    }
}

using System.CommandLine;
using System.Globalization;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;
using PersonaTune.Device.Storage;

namespace PersonaTune.Cli.Stores;

/// <summary><c>store list</c>.</summary>
internal static class StoreListCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console)
    {
        var limit = new Option<int>("--limit") { Description = "Newest messages to show; 0: all. Default: 20.", HelpName = "N", DefaultValueFactory = _ => 20 };
        limit.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 0) result.AddError("--limit: expected 0 or more");
        });
        var command = new Command("list", "Show a user's stored messages with their ids, newest last, and what the store holds.") { limit };
        shared.AddStore(command);
        Invocation.SetAction(command, shared, console, invocation => RunAsync(invocation, invocation.Parse.GetValue(limit)));
        return command;
    }

    private static async Task<int> RunAsync(Invocation invocation, int limit)
    {
        var access = invocation.Store();
        await using var store = await access.OpenAsync(create: false, invocation.Cancellation);
        var examples = new List<Example>();
        await foreach (var example in store.Examples.ListAsync(invocation.User, MessageImport.Collection, invocation.Cancellation)) examples.Add(example);
        var shown = examples.OrderBy(example => example.Time).Skip(limit == 0 ? 0 : Math.Max(0, examples.Count - limit)).ToList();
        var statistics = await store.StatisticsAsync(invocation.Cancellation);
        if (invocation.Json)
        {
            JsonReport.Write(invocation.Console.Out, json =>
            {
                json.WriteString("store", access.Folder);
                json.WriteNumber("records", statistics.Records);
                json.WriteNumber("fileBytes", statistics.FileBytes);
                json.WriteStartArray("users");
                foreach (var user in store.Keyring.Users) json.WriteStringValue(user);
                json.WriteEndArray();
                json.WriteString("user", invocation.User);
                json.WriteNumber("count", examples.Count);
                json.WriteStartArray("messages");
                foreach (var example in shown)
                {
                    json.WriteStartObject();
                    json.WriteString("id", example.Id.ToString());
                    json.WriteString("time", example.Time.UtcDateTime.ToString("O", CultureInfo.InvariantCulture));
                    json.WriteString("kind", example.Kind.ToString());
                    json.WriteString("text", example.Text);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
            });
            return ExitCode.Success;
        }

        foreach (var example in shown)
            invocation.Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{example.Id}  {example.Time.UtcDateTime:yyyy-MM-dd HH:mm}  {example.Text.ReplaceLineEndings(" ")}"));
        invocation.Note(string.Create(CultureInfo.InvariantCulture,
            $"{shown.Count} of {examples.Count} messages of '{invocation.User}'; {access.Folder} holds {statistics.Records} records of {statistics.Users} users in {statistics.FileBytes / 1024.0:F0} KiB"));
        return ExitCode.Success;
    }
}

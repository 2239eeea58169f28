using System.CommandLine;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;
using PersonaTune.Device.Adapters;

namespace PersonaTune.Cli.Adapters;

/// <summary><c>adapter list</c>.</summary>
internal static class AdapterListCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console)
    {
        var command = new Command("list", "List a user's adapters, oldest first.");
        shared.AddStore(command);
        Invocation.SetAction(command, shared, console, RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(Invocation invocation)
    {
        await using var store = await invocation.Store().OpenAsync(create: false, invocation.Cancellation);
        using var library = new AdapterLibrary(store, invocation.Console.Time);
        var entries = await library.ListAsync(invocation.User, invocation.Cancellation);
        if (invocation.Json)
        {
            JsonReport.Write(invocation.Console.Out, json =>
            {
                json.WriteString("user", invocation.User);
                json.WriteStartArray("adapters");
                foreach (var entry in entries)
                {
                    json.WriteStartObject();
                    AdapterReport.Write(json, entry);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
            });
            return ExitCode.Success;
        }

        foreach (var entry in entries) invocation.Console.Out.WriteLine(AdapterReport.Line(entry));
        if (entries.Count == 0) invocation.Note($"'{invocation.User}' has no adapters; make one with 'personatune learn FILE'");
        return ExitCode.Success;
    }
}

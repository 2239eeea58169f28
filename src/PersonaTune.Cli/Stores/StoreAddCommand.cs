using System.CommandLine;
using System.Globalization;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;

namespace PersonaTune.Cli.Stores;

/// <summary><c>store add</c>.</summary>
internal static class StoreAddCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console)
    {
        var input = new MessageInput();
        var command = new Command("add", "Add messages to the encrypted store; a missing store is created.");
        input.AddTo(command);
        shared.AddStore(command);
        Invocation.SetAction(command, shared, console, invocation => RunAsync(invocation, input));
        return command;
    }

    private static async Task<int> RunAsync(Invocation invocation, MessageInput input)
    {
        var messages = input.Read(invocation);
        if (messages.Count == 0) throw new ToolException(ExitCode.Usage, "store add: no messages; give a file, - for stdin, or --text TEXT");
        await using var store = await invocation.Store().OpenAsync(create: true, invocation.Cancellation);
        var result = await MessageImport.AddAsync(store, invocation.User, messages, invocation.Parse.GetValue(input.Again), invocation.Console.Time, invocation.Cancellation);
        var total = await store.Examples.CountAsync(invocation.User, MessageImport.Collection, invocation.Cancellation);
        if (invocation.Json)
        {
            JsonReport.Write(invocation.Console.Out, json =>
            {
                json.WriteString("user", invocation.User);
                json.WriteNumber("added", result.Added);
                json.WriteNumber("known", result.Known);
                json.WriteNumber("total", total);
            });
        }
        else
        {
            invocation.Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"added {result.Added} messages ({result.Known} were stored already); '{invocation.User}' now has {total}"));
        }

        return ExitCode.Success;
    }
}

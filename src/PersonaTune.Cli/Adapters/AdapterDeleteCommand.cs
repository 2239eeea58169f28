using System.CommandLine;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;
using PersonaTune.Device.Adapters;

namespace PersonaTune.Cli.Adapters;

/// <summary><c>adapter delete</c>.</summary>
internal static class AdapterDeleteCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console)
    {
        var id = new Argument<string>("id") { Description = "The adapter.", HelpName = "ID" };
        var command = new Command("delete", "Erase an adapter; if it is active, its parent or the base model takes over.") { id };
        shared.AddStore(command);
        Invocation.SetAction(command, shared, console, invocation => RunAsync(invocation, invocation.Parse.GetValue(id)!));
        return command;
    }

    private static async Task<int> RunAsync(Invocation invocation, string id)
    {
        await using var store = await invocation.Store().OpenAsync(create: false, invocation.Cancellation);
        using var library = new AdapterLibrary(store, invocation.Console.Time);
        ActiveReport.Write(invocation, await library.DeleteAsync(invocation.User, id, invocation.Cancellation));
        return ExitCode.Success;
    }
}

using System.CommandLine;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;
using PersonaTune.Device.Adapters;

namespace PersonaTune.Cli.Adapters;

/// <summary><c>adapter rollback</c>.</summary>
internal static class AdapterRollbackCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console)
    {
        var toBase = new Option<bool>("--to-base") { Description = "Return to the base model, whatever came before." };
        var command = new Command("rollback", "Take the active adapter back: its parent, or the base model, becomes active.") { toBase };
        shared.AddStore(command);
        Invocation.SetAction(command, shared, console, invocation => RunAsync(invocation, invocation.Parse.GetValue(toBase)));
        return command;
    }

    private static async Task<int> RunAsync(Invocation invocation, bool toBase)
    {
        await using var store = await invocation.Store().OpenAsync(create: false, invocation.Cancellation);
        using var library = new AdapterLibrary(store, invocation.Console.Time);
        var active = await library.RollbackAsync(invocation.User, toBase, "rolled back on request", invocation.Cancellation);
        ActiveReport.Write(invocation, active);
        return ExitCode.Success;
    }
}

using System.CommandLine;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;

namespace PersonaTune.Cli.Stores;

/// <summary><c>store</c>: the encrypted messages.</summary>
internal static class StoreCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console) => new("store", "Add, list, delete and export messages of the encrypted store; rotate its keys.")
    {
        StoreAddCommand.Build(shared, console),
        StoreListCommand.Build(shared, console),
        StoreForgetCommand.Build(shared, console),
        StoreExportCommand.Build(shared, console),
        StoreRotateCommand.Build(shared, console),
    };
}

using System.CommandLine;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;

namespace PersonaTune.Cli.Rounds;

/// <summary><c>rounds</c>: what this device has to do with federated rounds.</summary>
internal static class RoundsCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console) => new("rounds", "Show what this device has contributed to federated rounds.")
    {
        RoundsHistoryCommand.Build(shared, console),
    };
}

using System.CommandLine;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;

namespace PersonaTune.Cli.Adapters;

/// <summary><c>adapter</c>: a user's trained adapters.</summary>
internal static class AdapterCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console) => new("adapter", "List, show, roll back, delete, export and import a user's adapters, and put a global one beneath them; fetch, convert and merge adapter files.")
    {
        AdapterListCommand.Build(shared, console),
        AdapterShowCommand.Build(shared, console),
        AdapterRollbackCommand.Build(shared, console),
        AdapterDeleteCommand.Build(shared, console),
        AdapterFetchCommand.Build(shared, console),
        AdapterGlobalCommand.Build(shared, console),
        AdapterKeysCommand.Build(shared, console),
        AdapterTrustCommand.Build(shared, console),
        AdapterExportCommand.Build(shared, console),
        AdapterImportCommand.Build(shared, console),
        AdapterConvertCommand.Build(shared, console),
        AdapterMergeCommand.Build(shared, console),
    };
}

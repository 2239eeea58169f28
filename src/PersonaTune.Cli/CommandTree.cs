using System.CommandLine;
using System.CommandLine.Parsing;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;

namespace PersonaTune.Cli;

/// <summary>Every command of the tool.</summary>
internal static class CommandTree
{
    public static RootCommand Build(SharedOptions options, ToolConsole console)
    {
        var root = new RootCommand("Personalize a quantized language model on this device, offline and encrypted.");
        options.AddGlobal(root);
        _ = console;
        return root;
    }

    /// <summary>"adapter list " for the command that was parsed, or empty for the tool itself.</summary>
    public static string PathOf(CommandResult result)
    {
        var path = string.Empty;
        for (SymbolResult? at = result; at is CommandResult { Command: not RootCommand } command; at = command.Parent)
            path = $"{command.Command.Name} {path}";
        return path;
    }
}

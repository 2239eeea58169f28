using System.CommandLine;
using System.CommandLine.Parsing;
using PersonaTune.Cli.Adapters;
using PersonaTune.Cli.Evaluation;
using PersonaTune.Cli.Inspection;
using PersonaTune.Cli.Learning;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Photos;
using PersonaTune.Cli.Privacy;
using PersonaTune.Cli.Quantizing;
using PersonaTune.Cli.Rounds;
using PersonaTune.Cli.Serving;
using PersonaTune.Cli.Simulation;
using PersonaTune.Cli.Stores;
using PersonaTune.Cli.Terminal;
using PersonaTune.Cli.Writing;

namespace PersonaTune.Cli;

/// <summary>Every command of the tool.</summary>
internal static class CommandTree
{
    public static RootCommand Build(SharedOptions options, ToolConsole console)
    {
        var root = new RootCommand("Personalize a quantized language model or picture encoder on this device, offline and encrypted.");
        options.AddGlobal(root);
        foreach (var command in (Command[])
        [
            LearnCommand.Build(options, console),
            TrainCommand.Build(options, console),
            EvalCommand.Build(options, console),
            SuggestCommand.Build(options, console),
            GenerateCommand.Build(options, console),
            ChatCommand.Build(options, console),
            AdapterCommand.Build(options, console),
            StoreCommand.Build(options, console),
            PhotosCommand.Build(options, console),
            QuantizeCommand.Build(options, console),
            InspectCommand.Build(options, console),
            PrivacyCommand.Build(options, console),
            RoundsCommand.Build(options, console),
            ServeCommand.Build(options, console),
            SimulateCommand.Build(options, console),
        ])
            root.Add(command);
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

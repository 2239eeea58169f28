using System.CommandLine;
using System.CommandLine.Invocation;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;

namespace PersonaTune.Cli;

/// <summary>The whole tool without its process: arguments and a console in, an exit code out. Tests call it directly.</summary>
internal static class Tool
{
    public static async Task<int> RunAsync(string[] args, ToolConsole console, CancellationToken cancellation)
    {
        var options = new SharedOptions();
        var parse = CommandTree.Build(options, console).Parse(args);
        if (parse.Action is ParseErrorAction)
        {
            foreach (var error in parse.Errors) console.Error.WriteLine($"personatune: {error.Message}");
            console.Error.WriteLine($"Try 'personatune {CommandTree.PathOf(parse.CommandResult)}--help'.");
            return ExitCode.Usage;
        }

        try
        {
            // Signals are ours (see Interrupts): the library would end the process before a checkpoint is on disk.
            var configuration = new InvocationConfiguration
            {
                Output = console.Out,
                Error = console.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            };
            return await parse.InvokeAsync(configuration, cancellation);
        }
        catch (Exception exception) when (FailureMap.Describe(exception, cancellation.IsCancellationRequested) is { } failure)
        {
            console.Error.WriteLine($"personatune: {failure.Message}");
            if (parse.GetValue(options.Verbose)) console.Error.WriteLine(exception.ToString());
            return failure.Code;
        }
    }
}

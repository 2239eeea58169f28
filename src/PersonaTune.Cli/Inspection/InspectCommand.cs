using System.CommandLine;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;

namespace PersonaTune.Cli.Inspection;

/// <summary><c>inspect FILE</c>, and the parent of what looks inside a model's computation.</summary>
internal static class InspectCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console)
    {
        var file = new Argument<string?>("file") { Description = "GGUF model or adapter, or safetensors file.", Arity = ArgumentArity.ZeroOrOne, HelpName = "FILE" };
        var command = new Command("inspect", "Show a file's metadata, or what the engine computes for tokens.")
        {
            file,
            InspectTensorsCommand.Build(shared, console),
            InspectTokensCommand.Build(shared, console),
            InspectLogitsCommand.Build(shared, console),
            InspectGradientsCommand.Build(shared, console),
        };
        Invocation.SetAction(command, shared, console, invocation =>
        {
            var path = invocation.Parse.GetValue(file)
                ?? throw new ToolException(ExitCode.Usage, "inspect: expected a file, or one of tensors, tokens, logits and gradients; try 'personatune inspect --help'");
            FileSummary.Read(path).Write(invocation);
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }
}

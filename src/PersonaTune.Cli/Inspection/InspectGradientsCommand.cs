using System.CommandLine;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;

namespace PersonaTune.Cli.Inspection;

internal static class InspectGradientsCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console) => new("gradients", "x");
}

using System.CommandLine;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;

namespace PersonaTune.Cli.Photos;

/// <summary><c>photos merge</c>.</summary>
internal static class PhotosMergeCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console, PhotoOptions options)
    {
        var first = new Argument<string>("label") { Description = "The label that ends.", HelpName = "LABEL" };
        var second = new Argument<string>("into") { Description = "The label that takes its pictures.", HelpName = "LABEL" };
        var command = new Command("merge", "Make the pictures of one label those of another; train again afterwards.") { first, second };
        options.AddTo(command);
        shared.AddStore(command);
        Invocation.SetAction(command, shared, console, async invocation =>
        {
            var (from, to) = (invocation.Parse.GetValue(first)!, invocation.Parse.GetValue(second)!);
            var labeler = await options.OpenAsync(invocation, create: false);
            await labeler.MergeAsync(invocation.User, from, to, invocation.Cancellation);
            invocation.Report($"the pictures of '{from}' belong to '{to}' now; train again with 'personatune photos learn'", json =>
            {
                json.WriteString("merged", from);
                json.WriteString("into", to);
            });
            return ExitCode.Success;
        });
        return command;
    }
}

using System.CommandLine;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;

namespace PersonaTune.Cli.Photos;

/// <summary><c>photos rename</c>.</summary>
internal static class PhotosRenameCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console, PhotoOptions options)
    {
        var first = new Argument<string>("label") { Description = "The label.", HelpName = "LABEL" };
        var second = new Argument<string>("new-name") { Description = "Its new name.", HelpName = "LABEL" };
        var command = new Command("rename", "Give a label another name; nothing is trained again.") { first, second };
        options.AddTo(command);
        shared.AddStore(command);
        Invocation.SetAction(command, shared, console, async invocation =>
        {
            var (from, to) = (invocation.Parse.GetValue(first)!, invocation.Parse.GetValue(second)!);
            var labeler = await options.OpenAsync(invocation, create: false);
            await labeler.RenameAsync(invocation.User, from, to, invocation.Cancellation);
            invocation.Report($"'{from}' is called '{to}' now", json =>
            {
                json.WriteString("renamed", from);
                json.WriteString("to", to);
            });
            return ExitCode.Success;
        });
        return command;
    }
}

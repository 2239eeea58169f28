using System.CommandLine;
using System.Globalization;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;
using PersonaTune.Device.Storage;

namespace PersonaTune.Cli.Photos;

/// <summary><c>photos forget</c>.</summary>
internal static class PhotosForgetCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console, PhotoOptions options)
    {
        var label = new Option<string?>("--label", "-l") { Description = "Forget a label and all its pictures.", HelpName = "NAME" };
        var photos = new Option<string[]>("--photo") { Description = "Forget a picture by its identity; may be repeated.", HelpName = "ID" };
        var command = new Command("forget", "Delete a label or pictures, and the model that learned from them.") { label, photos };
        options.AddTo(command);
        shared.AddStore(command);
        Invocation.SetAction(command, shared, console, async invocation =>
        {
            var (name, ids) = (invocation.Parse.GetValue(label), invocation.Parse.GetValue(photos) ?? []);
            if (name is null == (ids.Length == 0)) throw new ToolException(ExitCode.Usage, "photos forget: give --label NAME or --photo ID");
            var parsed = ids.Select(text => RecordId.TryParse(text, out var id) ? id : throw new ToolException(ExitCode.Usage, $"'{text}' is no identity; list them with 'personatune photos list --photos'")).ToArray();
            var labeler = await options.OpenAsync(invocation, create: false);
            var deleted = name is null ? await labeler.ForgetPhotosAsync(invocation.User, parsed, invocation.Cancellation) : await labeler.ForgetLabelAsync(invocation.User, name, invocation.Cancellation);
            if (invocation.Json) JsonReport.Write(invocation.Console.Out, json => json.WriteNumber("deleted", deleted));
            else invocation.Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"deleted {deleted} pictures{(labeler.Lineage is null ? " and what learned from them; train again with 'personatune photos learn'" : string.Empty)}"));
            return ExitCode.Success;
        });
        return command;
    }
}

using System.CommandLine;
using System.Globalization;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;
using PersonaTune.Device.Photos;

namespace PersonaTune.Cli.Photos;

/// <summary><c>photos label</c>.</summary>
internal static class PhotosLabelCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console, PhotoOptions options)
    {
        var paths = new Argument<string[]>("paths") { Description = "Pictures, or folders of pictures.", HelpName = "PATH", Arity = ArgumentArity.OneOrMore };
        var count = new Option<int>("--count", "-n") { Description = "Labels to name for each picture. Default: 3.", HelpName = "N", DefaultValueFactory = _ => 3 };
        count.Require("1 to 100", value => value is >= 1 and <= 100);
        var command = new Command("label", "Suggest labels for pictures, with their probabilities.") { paths, count };
        options.AddTo(command);
        shared.AddStore(command);
        Invocation.SetAction(command, shared, console, async invocation =>
        {
            var photos = await PhotoOptions.ReadAsync(invocation, invocation.Parse.GetValue(paths)!);
            var labeler = await options.OpenAsync(invocation, create: false);
            await labeler.UseAsync(invocation.User, invocation.Cancellation);
            if (labeler.Lineage is null) throw new ToolException(ExitCode.NothingToDo, $"'{invocation.User}' has no trained labels for this encoder; teach some with 'personatune photos learn'");
            var suggestions = new List<(string Name, PhotoSuggestion Suggestion)>();
            foreach (var (name, image) in photos) suggestions.Add((name, await labeler.SuggestAsync(invocation.User, image, invocation.Parse.GetValue(count), invocation.Cancellation)));
            if (invocation.Json) WriteJson(invocation, suggestions);
            else
                foreach (var (name, suggestion) in suggestions)
                    invocation.Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
                        $"{name}: {suggestion.Best ?? "unknown"} ({string.Join(", ", suggestion.Labels.Select(label => string.Create(CultureInfo.InvariantCulture, $"{label.Label} {label.Probability:P0}")))}, none of them {suggestion.Unknown:P0})"));
            return ExitCode.Success;
        });
        return command;
    }

    private static void WriteJson(Invocation invocation, List<(string Name, PhotoSuggestion Suggestion)> suggestions) => JsonReport.Write(invocation.Console.Out, json =>
    {
        json.WriteStartArray("photos");
        foreach (var (name, suggestion) in suggestions)
        {
            json.WriteStartObject();
            json.WriteString("name", name);
            json.WriteString("label", suggestion.Best);
            json.WriteNumber("unknown", suggestion.Unknown);
            json.WriteStartArray("labels");
            foreach (var label in suggestion.Labels)
            {
                json.WriteStartObject();
                json.WriteString("label", label.Label);
                json.WriteNumber("probability", label.Probability);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });
}

using System.CommandLine;
using System.Globalization;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;

namespace PersonaTune.Cli.Photos;

/// <summary><c>photos search</c>.</summary>
internal static class PhotosSearchCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console, PhotoOptions options)
    {
        var path = new Argument<string>("picture") { Description = "The picture to compare with.", HelpName = "FILE" };
        var count = new Option<int>("--count", "-n") { Description = "Pictures to list. Default: 10.", HelpName = "N", DefaultValueFactory = _ => 10 };
        count.Require("1 to 10000", value => value is >= 1 and <= 10_000);
        var command = new Command("search", "Find the stored pictures most like a given one.") { path, count };
        options.AddTo(command);
        shared.AddStore(command);
        Invocation.SetAction(command, shared, console, async invocation =>
        {
            var photos = await PhotoOptions.ReadAsync(invocation, [invocation.Parse.GetValue(path)!]);
            var labeler = await options.OpenAsync(invocation, create: false);
            var matches = await labeler.SearchAsync(invocation.User, photos[0].Image, invocation.Parse.GetValue(count), invocation.Cancellation);
            if (matches.Count == 0) throw new ToolException(ExitCode.NothingToDo, $"'{invocation.User}' has no stored pictures of this encoder; teach some with 'personatune photos learn'");
            if (invocation.Json)
            {
                JsonReport.Write(invocation.Console.Out, json =>
                {
                    json.WriteStartArray("matches");
                    foreach (var match in matches)
                    {
                        json.WriteStartObject();
                        json.WriteString("id", match.Id.ToString());
                        json.WriteString("name", match.Name);
                        json.WriteString("label", match.Label);
                        json.WriteNumber("similarity", match.Similarity);
                        json.WriteEndObject();
                    }

                    json.WriteEndArray();
                });
            }
            else
            {
                foreach (var match in matches) invocation.Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{match.Similarity,6:F3}  {match.Id}  {match.Name}  {match.Label ?? "(no label)"}"));
            }

            return ExitCode.Success;
        });
        return command;
    }
}

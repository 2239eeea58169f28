using System.CommandLine;
using System.Globalization;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;

namespace PersonaTune.Cli.Photos;

/// <summary><c>photos list</c>.</summary>
internal static class PhotosListCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console, PhotoOptions options)
    {
        var photos = new Option<bool>("--photos") { Description = "List every stored picture with its identity." };
        var command = new Command("list", "List labels, or stored pictures.") { photos };
        options.AddTo(command);
        shared.AddStore(command);
        Invocation.SetAction(command, shared, console, async invocation =>
        {
            var labeler = await options.OpenAsync(invocation, create: false);
            var labels = await labeler.LabelsAsync(invocation.User, invocation.Cancellation);
            var stored = invocation.Parse.GetValue(photos) ? await labeler.PhotosAsync(invocation.User, invocation.Cancellation) : [];
            if (invocation.Json)
            {
                JsonReport.Write(invocation.Console.Out, json =>
                {
                    json.WriteStartArray("labels");
                    foreach (var label in labels)
                    {
                        json.WriteStartObject();
                        json.WriteString("name", label.Name);
                        json.WriteNumber("photos", label.Photos);
                        json.WriteBoolean("learned", label.Learned);
                        json.WriteEndObject();
                    }

                    json.WriteEndArray();
                    json.WriteStartArray("photos");
                    foreach (var photo in stored)
                    {
                        json.WriteStartObject();
                        json.WriteString("id", photo.Id.ToString());
                        json.WriteString("name", photo.Name);
                        json.WriteString("label", photo.Label);
                        json.WriteEndObject();
                    }

                    json.WriteEndArray();
                });
                return ExitCode.Success;
            }

            if (labels.Count == 0) invocation.Console.Out.WriteLine("no labels; teach some with 'personatune photos learn'");
            foreach (var label in labels)
                invocation.Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{label.Name}: {label.Photos} pictures{(label.Learned ? string.Empty : ", not learned yet")}"));
            foreach (var photo in stored) invocation.Console.Out.WriteLine($"{photo.Id}  {photo.Name}  {photo.Label ?? "(no label)"}");
            return ExitCode.Success;
        });
        return command;
    }
}

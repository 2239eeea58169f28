using System.CommandLine;
using System.Globalization;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;
using PersonaTune.Engine.Vision;

namespace PersonaTune.Cli.Photos;

/// <summary><c>photos learn</c>.</summary>
internal static class PhotosLearnCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console, PhotoOptions options)
    {
        var paths = new Argument<string[]>("paths") { Description = "Pictures or a folder of one label (--label), or a folder with a folder for each label.", HelpName = "PATH", Arity = ArgumentArity.ZeroOrMore };
        var label = new Option<string?>("--label", "-l") { Description = "The label of the given pictures.", HelpName = "NAME" };
        var later = new Option<bool>("--later") { Description = "Store the pictures, but train another time." };
        var headOnly = new Option<bool>("--head-only") { Description = "Learn a head alone, without LoRA." };
        var epochs = new Option<int?>("--epochs") { Description = "Passes over the pictures. Default: 12.", HelpName = "N" };
        epochs.Require("1 to 1000", value => value is null or (>= 1 and <= 1000));
        var command = new Command("learn", "Teach labels with pictures and train; without pictures, train on those that are stored.") { paths, label, later, headOnly, epochs };
        options.AddTo(command);
        shared.AddStore(command);
        Invocation.SetAction(command, shared, console, invocation => RunAsync(invocation, options, invocation.Parse.GetValue(paths) ?? [], invocation.Parse.GetValue(label),
            invocation.Parse.GetValue(later), invocation.Parse.GetValue(headOnly), invocation.Parse.GetValue(epochs)));
        return command;
    }

    private static async Task<int> RunAsync(Invocation invocation, PhotoOptions options, string[] paths, string? label, bool later, bool headOnly, int? epochs)
    {
        var sets = await SetsAsync(invocation, paths, label);
        var training = new PhotoTrainingOptions();
        if (headOnly) training = training with { Layers = 0 };
        if (epochs is { } number) training = training with { Epochs = number };
        var labeler = await options.OpenAsync(invocation, create: true, training);
        foreach (var (name, photos) in sets)
        {
            await labeler.TeachAsync(invocation.User, name, photos, invocation.Cancellation);
            invocation.Note(string.Create(CultureInfo.InvariantCulture, $"{name}: {photos.Count} pictures"));
        }

        if (later)
        {
            var stored = sets.Sum(set => set.Photos.Count);
            invocation.Report(string.Create(CultureInfo.InvariantCulture, $"stored {stored} pictures of {sets.Count} labels; train with 'personatune photos learn'"), json =>
            {
                json.WriteNumber("stored", stored);
                json.WriteNumber("labels", sets.Count);
            });
            return ExitCode.Success;
        }

        var report = await labeler.TrainAsync(invocation.User, invocation.Quiet ? null : new Display(invocation.Console.Error), invocation.Cancellation);
        if (invocation.Json)
        {
            JsonReport.Write(invocation.Console.Out, json =>
            {
                json.WriteNumber("photos", report.Photos);
                json.WriteNumber("labels", report.Labels);
                json.WriteBoolean("adapter", report.UsesAdapter);
                json.WriteString("reason", report.Reason);
                json.WriteNumber("heldOut", report.HeldOut);
                json.WriteNumber("headAccuracy", report.HeadAccuracy);
                json.WriteNumber("adapterAccuracy", report.AdapterAccuracy);
                json.WriteNumber("seconds", report.Duration.TotalSeconds);
            });
            return ExitCode.Success;
        }

        invocation.Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"learned {report.Labels} labels from {report.Photos} pictures in {report.Duration.TotalSeconds:F1} s, {(report.UsesAdapter ? "LoRA and head" : "head alone")}: {report.Reason}"));
        if (report.HeldOut > 0)
            invocation.Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"of {report.HeldOut} held-out pictures: head alone {report.HeadAccuracy:P1}, with LoRA {report.AdapterAccuracy:P1} named rightly"));
        return ExitCode.Success;
    }

    private static async Task<IReadOnlyList<(string Label, IReadOnlyList<(string Name, RgbImage Image)> Photos)>> SetsAsync(Invocation invocation, string[] paths, string? label)
    {
        if (paths.Length == 0) return label is null ? [] : throw new ToolException(ExitCode.Usage, "photos learn: --label needs pictures");
        if (label is not null) return [(label, await PhotoOptions.ReadAsync(invocation, paths))];
        var sets = new List<(string, IReadOnlyList<(string, RgbImage)>)>();
        foreach (var path in paths)
        {
            var folders = Directory.Exists(path) ? Directory.GetDirectories(path).Order(StringComparer.Ordinal).ToArray() : [];
            if (folders.Length == 0) throw new ToolException(ExitCode.Usage, $"{path}: expected a folder with a folder for each label; name the label of single pictures with --label");
            foreach (var folder in folders) sets.Add((Path.GetFileName(folder), await PhotoOptions.ReadAsync(invocation, [folder])));
        }

        return sets;
    }

    private sealed class Display(TextWriter error) : IProgress<PhotoProgress>
    {
        public void Report(PhotoProgress value) => error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"epoch {value.Epoch} of {value.Epochs}: loss {value.Loss:F4}"));
    }
}

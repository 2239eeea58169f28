using System.Globalization;
using PersonaTune.Device.Imaging;
using PersonaTune.Device.Keys;
using PersonaTune.Device.Photos;
using PersonaTune.Device.Storage;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Vision;

namespace PhotoLabels;

/// <summary>The example: what the encoder says of itself, what it says after a few pictures, and what is left after forgetting.</summary>
internal static class Example
{
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error)
    {
        if (!Arguments.TryParse(args, out var arguments, out var problem))
        {
            await error.WriteLineAsync(problem);
            return 2;
        }

        try
        {
            await RunAsync(arguments, output);
            return 0;
        }
        catch (Exception exception) when (exception is ImageFormatException or PersonaTune.Engine.EngineException or IOException or PhotoLabelException)
        {
            await error.WriteLineAsync(exception.Message);
            return 1;
        }
    }

    private static async Task RunAsync(Arguments arguments, TextWriter output)
    {
        using var encoder = PhotoEncoder.Open(arguments.Encoder);
        using var pool = new WorkerPool();
        var teach = await ReadAsync(Path.Combine(arguments.Pictures, "teach"));
        var test = await ReadAsync(Path.Combine(arguments.Pictures, "test"));
        var labels = teach.Select(photo => photo.Label).Distinct().Order(StringComparer.Ordinal).ToArray();
        await output.WriteLineAsync($"encoder: {encoder.Description}");
        await output.WriteLineAsync($"{teach.Count} pictures to teach {labels.Length} labels, {test.Count} to test, of which {test.Count(photo => !labels.Contains(photo.Label))} show nothing taught");

        // Before: what the encoder's own classes say, which are nobody's labels.
        var before = Before(encoder, pool, test);

        var folder = Directory.CreateTempSubdirectory("personatune-photos-");
        try
        {
            var options = new SealedStoreOptions { Folder = Path.Combine(folder.FullName, "store") };
            using var protector = KeyFileProtector.Create(Path.Combine(folder.FullName, "key"));
            await using var store = await SealedStore.CreateAsync(options, protector);
            using var labeler = new PhotoLabeler(encoder, pool, store);
            foreach (var label in labels)
                await labeler.TeachAsync("me", label, [.. teach.Where(photo => photo.Label == label).Select(photo => (photo.Name, photo.Image))]);
            var report = await labeler.TrainAsync("me");
            await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"trained in {report.Duration.TotalSeconds:F1} s ({(report.UsesAdapter ? "LoRA and head" : "head alone")}): {report.Reason}"));

            var rows = new List<ReportRow>();
            for (var i = 0; i < test.Count; i++)
            {
                var after = await labeler.SuggestAsync("me", test[i].Image);
                rows.Add(new ReportRow(test[i].Label, test[i].Name, test[i].Image, before[i], after));
            }

            var known = rows.Where(row => labels.Contains(row.Label)).ToArray();
            var unknown = rows.Except(known).ToArray();
            await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"taught labels: {known.Count(row => row.After.Labels[0].Label == row.Label)} of {known.Length} likeliest label right, {known.Count(row => row.After.Best == row.Label)} suggested"));
            await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"other pictures: {unknown.Count(row => row.After.Best is null)} of {unknown.Length} recognized as unknown"));

            var similar = await labeler.SearchAsync("me", test[0].Image, 4);
            await output.WriteLineAsync($"most like {test[0].Label}/{test[0].Name}: {string.Join(", ", similar.Select(match => string.Create(CultureInfo.InvariantCulture, $"{match.Label}/{match.Name} {match.Similarity:F2}")))}");

            await ReportPage.WriteAsync(arguments.Report, encoder.Description, report, labels, rows);
            await output.WriteLineAsync($"report: {Path.GetFullPath(arguments.Report)}");

            // Forgetting: the label, its pictures and all that learned from them are gone; the others are learned again without them.
            var forgotten = labels[^1];
            var deleted = await labeler.ForgetLabelAsync("me", forgotten);
            await labeler.TrainAsync("me");
            var left = await labeler.SuggestAsync("me", test.First(photo => photo.Label == forgotten).Image, labels.Length);
            await output.WriteLineAsync($"forgot '{forgotten}' ({deleted} pictures) and trained again: its picture is now {left.Best ?? "unknown"}, '{forgotten}' {(left.Labels.Any(label => label.Label == forgotten) ? "is still known" : "is gone")}");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static string[] Before(PhotoEncoder encoder, WorkerPool pool, IReadOnlyList<Photo> photos)
    {
        if (encoder.ClassCount == 0) return [.. photos.Select(_ => "-")];
        using var session = encoder.CreateSession(pool);
        return [.. photos.Select(photo =>
        {
            var probabilities = session.Classify(encoder.Transform.Apply(photo.Image));
            var best = Array.IndexOf(probabilities, probabilities.Max());
            return string.Create(CultureInfo.InvariantCulture, $"{(best < encoder.ClassNames.Count ? encoder.ClassNames[best] : $"class {best}")} {probabilities[best]:P0}");
        })];
    }

    private static async Task<IReadOnlyList<Photo>> ReadAsync(string folder)
    {
        var photos = new List<Photo>();
        foreach (var label in Directory.GetDirectories(folder).Order(StringComparer.Ordinal))
            foreach (var file in Directory.GetFiles(label).Order(StringComparer.Ordinal))
                photos.Add(new Photo(Path.GetFileName(label), Path.GetFileName(file), await ImageFile.ReadAsync(file)));
        return photos;
    }

    private sealed record Photo(string Label, string Name, RgbImage Image);
}

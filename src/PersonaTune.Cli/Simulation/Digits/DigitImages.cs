using PersonaTune.Cli.Failures;

namespace PersonaTune.Cli.Simulation.Digits;

/// <summary>
/// Handwritten digits by writer: images averaged over 2 x 2 pixels, centred, with a constant feature. A writer's first 80 % train, the rest test.
/// </summary>
internal sealed class DigitImages
{
    /// <summary>14 x 14 pixels and the constant.</summary>
    public const int Features = (14 * 14) + 1;

    /// <summary>The mean brightness of the data set, taken from every pixel.</summary>
    private const float Brightness = 0.13f;

    private DigitImages(IReadOnlyList<DigitWriter> writers) => Writers = writers;

    /// <summary>The writers, by id.</summary>
    public IReadOnlyList<DigitWriter> Writers { get; }

    /// <summary>Reads the three files of a folder: images, labels, writers.</summary>
    /// <exception cref="ToolException">A file is missing, malformed, or they do not belong together.</exception>
    public static DigitImages Read(string folder)
    {
        var images = IdxFile.Read(Path.Combine(folder, "train-images-idx3-ubyte.gz"));
        var labels = IdxFile.Read(Path.Combine(folder, "train-labels-idx1-ubyte.gz"));
        var writers = IdxFile.Read(Path.Combine(folder, "train-writers-idx1-ushort.gz"));
        if (images.Shape is not [var count, 28, 28] || labels.Shape is not [var labelled] || writers.Shape is not [var written] || labelled != count || written != count)
            throw new ToolException(ExitCode.BadInput,
                $"the digit files in '{folder}' hold {string.Join(" x ", images.Shape)} pixels, {labels.Values.Length} labels and {writers.Values.Length} writers; expected n x 28 x 28, n and n");
        var byWriter = new SortedDictionary<int, List<int>>();
        for (var i = 0; i < count; i++)
        {
            if (labels.Values[i] > 9) throw new ToolException(ExitCode.BadInput, $"label {i} of '{labels.Path}' is {labels.Values[i]}, expected 0 to 9");
            if (!byWriter.TryGetValue(writers.Values[i], out var own)) byWriter[writers.Values[i]] = own = [];
            own.Add(i);
        }

        return new DigitImages([.. byWriter.Select(writer => Writer(writer.Key, writer.Value, images.Values, labels.Values))]);
    }

    private static DigitWriter Writer(int id, List<int> own, ushort[] pixels, ushort[] labels)
    {
        var train = own.Count * 4 / 5;
        return new DigitWriter(id, Part(own.Take(train)), Part(own.Skip(train)));

        DigitSet Part(IEnumerable<int> indices)
        {
            int[] chosen = [.. indices];
            var features = new float[chosen.Length * Features]; // (n, Features)
            for (var i = 0; i < chosen.Length; i++) Pool(pixels.AsSpan(chosen[i] * 28 * 28, 28 * 28), features.AsSpan(i * Features, Features));
            return new DigitSet(features, [.. chosen.Select(index => (byte)labels[index])]);
        }
    }

    private static void Pool(ReadOnlySpan<ushort> image, Span<float> features)
    {
        for (var y = 0; y < 14; y++)
        {
            for (var x = 0; x < 14; x++)
            {
                var at = (2 * y * 28) + (2 * x);
                features[(y * 14) + x] = ((image[at] + image[at + 1] + image[at + 28] + image[at + 29]) / (4 * 255f)) - Brightness;
            }
        }

        features[Features - 1] = 1;
    }
}

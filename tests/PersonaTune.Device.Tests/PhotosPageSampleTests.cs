using PersonaTune.Device.Imaging;
using PersonaTune.Engine.Vision;

namespace PersonaTune.Device.Tests;

public sealed class PhotosPageSampleTests
{
    [Fact]
    public async Task The_snippet_of_the_page_labels_a_picture()
    {
        var pictures = Path.Combine(SharedData.SolutionRoot, "examples", "PhotoLabels", "pictures");
        var taught = Directory.GetDirectories(Path.Combine(pictures, "teach")).Order(StringComparer.Ordinal).Select(folder => (Path.GetFileName(folder),
            (IReadOnlyList<(string, RgbImage)>)[.. Directory.GetFiles(folder).Select(file => (Path.GetFileName(file), ImageFile.Decode(File.ReadAllBytes(file))))])).ToArray();
        using var folder = new Storage.StoreFolder();
        using var store = await folder.OpenAsync();
        var photo = await ImageFile.ReadAsync(Path.Combine(pictures, "test", "our garden", "02.jpg"));
        var (best, similar) = await PhotosPageSample.RunAsync(Path.Combine(SharedData.SolutionRoot, "models", "photo-base-q8_0.gguf"), store, taught, photo, "my keys");
        Assert.Equal(("our garden", 10), (best, similar));
    }
}

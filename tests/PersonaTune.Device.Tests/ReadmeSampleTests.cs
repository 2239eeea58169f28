using PersonaTune.Device.Storage;

namespace PersonaTune.Device.Tests;

public sealed class ReadmeSampleTests
{
    [Fact]
    [Trait("Duration", "Long")]
    public async Task The_readme_snippet_learns_a_word_that_the_base_does_not_suggest()
    {
        using var folder = new Storage.StoreFolder();
        var start = new DateTimeOffset(2026, 1, 1, 8, 0, 0, TimeSpan.Zero);
        string[] places = ["the station", "the lake", "the market", "the thaddeus cafe"];
        var messages = Enumerable.Range(0, 80)
            .Select(i => NewExample.FromText($"{(i % 3 == 0 ? "ok " : "")}see you at {places[i % 2 == 0 ? 3 : i % 4]} {(i % 5 == 0 ? "later" : "tonight")}", start.AddHours(i)))
            .ToArray();
        var model = Path.Combine(SharedData.SolutionRoot, "models", "keyboard-base-q8_0.gguf");

        var words = await ReadmeSample.RunAsync(model, folder.Store, "correct horse battery", messages);

        Assert.NotEmpty(words);
        Assert.Contains(words, w => w.Word == "thaddeus");
    }
}

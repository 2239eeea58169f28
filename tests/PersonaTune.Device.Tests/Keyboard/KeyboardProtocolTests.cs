using System.Text.Json;
using PersonaTune.Device.Keyboard;
using PersonaTune.Engine.Formats;

namespace PersonaTune.Device.Tests.Keyboard;

public sealed class KeyboardProtocolTests(KeyboardBase keyboard) : IClassFixture<KeyboardBase>
{
    private static readonly KeyboardPersonalizationOptions Quick = new()
    {
        Training = new KeyboardPersonalizationOptions().Training with { Epochs = 3, BatchSequences = 4 },
        AdapterScales = [1f],
        CacheOrders = [2],
        KneserNeyOrders = [2],
        MaxNextWordTargets = 10,
        MaxTypedMessages = 1,
        Threads = 1,
    };

    [Fact]
    public async Task APersonIsMeasuredTheSameTwice()
    {
        var people = new[] { Person("ann", 40), Person("few", KeyboardProtocol.MinMessages - 1) };
        var phases = new List<KeyboardPhase>();
        var report = await KeyboardProtocol.RunAsync(people, keyboard.Model, Quick, new Listener(phases));
        Assert.Equal(["few"], report.Skipped);
        var person = Assert.Single(report.People);
        Assert.Equal((28, 4, 8), (person.TrainMessages, person.ValidationMessages, person.TestMessages));
        Assert.Equal(Enum.GetValues<KeyboardMethod>(), person.Metrics.Keys.Order());
        Assert.Equal(KeyboardPhase.Done, phases[^1]);
        foreach (var (method, metrics) in person.Metrics)
        {
            Assert.True(metrics.PerplexityPerWord > 1 && double.IsFinite(metrics.PerplexityPerWord), method.ToString());
            Assert.Equal(10, metrics.NextWordTargets);
            Assert.InRange(metrics.Top1Hits, 0, metrics.Top3Hits);
            Assert.InRange(metrics.Keys, 1, metrics.Characters);
        }
        // Ten words that repeat in every message are easy to learn.
        Assert.True(person.Metrics[KeyboardMethod.AdapterWithCache].TotalNll < 0.5 * person.Metrics[KeyboardMethod.Base].TotalNll);
        Assert.True(person.Metrics[KeyboardMethod.Adapter].TotalNll < person.Metrics[KeyboardMethod.Base].TotalNll);

        var again = await KeyboardProtocol.RunAsync(people, keyboard.Model, Quick);
        foreach (var (method, metrics) in again.People[0].Metrics) Assert.Equal(person.Metrics[method], metrics);
        var json = JsonSerializer.Serialize(report, KeyboardJson.Default.KeyboardReport);
        Assert.Contains("\"adapterWithCache\"", json, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("\"perplexityPerWord\"", json, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CancellationIsSeen()
    {
        using var source = new CancellationTokenSource();
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            KeyboardProtocol.RunAsync([Person("ann", 40)], keyboard.Model, Quick, cancellationToken: source.Token));
    }

    [Fact]
    public async Task WrongSettingsAreRefused()
    {
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() =>
            KeyboardProtocol.RunAsync([], keyboard.Model, Quick with { TrainFraction = 1 }));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() =>
            KeyboardProtocol.RunAsync([], keyboard.Model, Quick with { CacheOrders = [] }));
    }

    [Fact]
    public void JsonLinesBecomePeople()
    {
        const string lines = """
            {"user": "b", "id": 1, "text": "one"}

            {"text": "two", "user": "a"}
            {"user": "b", "text": ""}
            """;
        var people = PersonHistory.ReadJsonLines(new StringReader(lines), "people.jsonl");
        Assert.Equal(["b", "a"], people.Select(person => person.User));
        Assert.Equal(["one", ""], people[0].Messages);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"user": "a"}""")]
    [InlineData("""{"user": 1, "text": "a"}""")]
    [InlineData("""{"user": null, "text": "a"}""")]
    public void OtherLinesAreRefusedByNumber(string line)
    {
        var error = Assert.Throws<FileFormatException>(() =>
            PersonHistory.ReadJsonLines(new StringReader("""{"user": "a", "text": "b"}""" + "\n" + line), "people.jsonl"));
        Assert.Contains("line 2", error.Message, StringComparison.Ordinal);
    }

    private static PersonHistory Person(string name, int messages) =>
        new(name, [.. Enumerable.Range(0, messages).Select(i => $"meeting at kopitiam {(i % 2 == 0 ? "lah" : "leh")}, can or not, bring the {"red blue".Split(' ')[i % 2]} bag")]);

    private sealed class Listener(List<KeyboardPhase> phases) : IProgress<KeyboardProgress>
    {
        public void Report(KeyboardProgress value) => phases.Add(value.Phase);
    }
}

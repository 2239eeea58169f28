using PersonaTune.Cli.Evaluation;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Tests.Running;
using PersonaTune.Device.Keyboard;

namespace PersonaTune.Cli.Tests.Evaluation;

public sealed class KeyboardTableTests
{
    [Fact]
    public void Medians_means_and_wins_come_from_the_people_that_they_name()
    {
        using var output = new StringWriter();
        // Top 3 of the product: 10, 30 and 20 of 100 words; of base + cache always 20. Words 10, nats 10 times the logarithm of the perplexity.
        var report = new KeyboardReport
        {
            BaseDigest = "d",
            People = [Person("a-very-long-name", 10, 50), Person("bob", 30, 100), Person("cyd", 20, 400)],
            Skipped = [],
            Medians = new Dictionary<KeyboardMethod, KeyboardMedians>(),
            MedianTrainingSeconds = 2,
            PeakMemoryBytes = 3 << 20,
        };
        KeyboardTable.Write(output, report, ["bo"]);
        var text = output.ToString().ReplaceLineEndings("\n");
        var (all, others) = (Section(text, "All 3 people"), Section(text, "Without the 1 marked * below: 2 people"));
        Assert.Contains("| adapter + cache (the product) | 100 | 10.0 % (10.0 %) | 20.0 % (20.0 %) | 50.0 % (50.0 %) |", all, StringComparison.Ordinal);
        Assert.Contains("| base + cache | 200 | 10.0 % (10.0 %) | 20.0 % (20.0 %) | 50.0 % (50.0 %) |", all, StringComparison.Ordinal);
        Assert.Contains("against base + cache, people: perplexity a word 2 better, 1 worse; top 1 0 better, 0 worse; top 3 1 better, 1 worse", all, StringComparison.Ordinal);
        Assert.Contains("| adapter + cache (the product) | 225 | 10.0 % (10.0 %) | 15.0 % (15.0 %) |", others, StringComparison.Ordinal);
        var rows = Section(text, "Person by person");
        Assert.Contains("| a-very-l | 70 + 10 + 20 | 2.5 | 200 / 200 / 200 / 200 / 50 | 20.0 / 20.0 / 20.0 / 20.0 / 10.0 |", rows, StringComparison.Ordinal);
        Assert.Contains("| bob * |", rows, StringComparison.Ordinal);
        Assert.Contains("| 2 (3) | 3 |", rows, StringComparison.Ordinal);
    }

    [Fact]
    public void A_whole_name_sets_nobody_else_aside()
    {
        using var output = new StringWriter();
        var report = new KeyboardReport
        {
            BaseDigest = "d",
            People = [Person("ann", 10, 50), Person("anna", 30, 100)],
            Skipped = [],
            Medians = new Dictionary<KeyboardMethod, KeyboardMedians>(),
            MedianTrainingSeconds = 2,
            PeakMemoryBytes = 3 << 20,
        };
        KeyboardTable.Write(output, report, ["ann"]);
        Assert.Contains("Without the 1 marked * below: 1 people", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("| ann * |", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("| anna |", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Duration", "Long")]
    public async Task A_small_evaluation_is_written_as_json_and_as_a_table()
    {
        using var folder = new TemporaryFolder();
        var lines = Enumerable.Range(0, 24).Select(i => $$"""{"user":"ann","text":"see you at the {{(i % 2 == 0 ? "harbour" : "station")}} {{(i % 3 == 0 ? "tonight" : "tomorrow")}}"}""");
        var people = folder.Write("people.jsonl", string.Join('\n', lines));
        var run = (await ToolRun.RunAsync("eval", "keyboard", "--model", Path.Combine(SharedData.SolutionRoot, "models", "keyboard-base-q8_0.gguf"),
            "--people", people, "--epochs", "1", "--words", "4", "--typed", "1", "--table", folder["table.md"], "--json")).Expect(ExitCode.Success);
        Assert.Contains("\"trainingCpuSeconds\"", run.Out, StringComparison.Ordinal);
        var table = await File.ReadAllTextAsync(folder["table.md"]);
        Assert.Contains("| ann | 17 + 2 + 5 |", table, StringComparison.Ordinal);
        Assert.DoesNotContain("harbour", table, StringComparison.Ordinal);
    }

    private static string Section(string text, string title)
    {
        var start = text.IndexOf($"## {title}\n", StringComparison.Ordinal);
        Assert.True(start >= 0, $"no section '{title}' in:\n{text}");
        var end = text.IndexOf("\n## ", start, StringComparison.Ordinal);
        return end < 0 ? text[start..] : text[start..end];
    }

    private static KeyboardPersonResult Person(string name, int productTop3, double productPerplexity) => new()
    {
        User = name,
        TrainMessages = 70,
        ValidationMessages = 10,
        TestMessages = 20,
        KneserNeyOrder = 2,
        BaseCacheOrder = 2,
        AdapterCacheOrder = 2,
        Epochs = 2.5,
        AdapterScale = 1,
        TrainingSeconds = 2,
        TrainingCpuSeconds = 3,
        TotalSeconds = 4,
        TotalCpuSeconds = 5,
        PeakMemoryBytes = 3 << 20,
        Metrics = Enum.GetValues<KeyboardMethod>().ToDictionary(method => method, method => method == KeyboardMethod.AdapterWithCache
            ? Metrics(productTop3, productPerplexity)
            : Metrics(20, 200)),
    };

    private static KeyboardMetrics Metrics(int top3, double perplexity) => new()
    {
        TotalNll = 10 * Math.Log(perplexity),
        Tokens = 20,
        Words = 10,
        NextWordTargets = 100,
        Top1Hits = 10,
        Top3Hits = top3,
        Characters = 100,
        Keys = 50,
    };
}

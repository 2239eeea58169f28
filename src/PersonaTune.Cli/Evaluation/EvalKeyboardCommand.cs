using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;
using PersonaTune.Device.Keyboard;

namespace PersonaTune.Cli.Evaluation;

/// <summary><c>eval keyboard</c>: the per-person protocol on a file of many people's messages; nothing is stored.</summary>
internal static class EvalKeyboardCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console)
    {
        var people = new Option<string>("--people") { Description = "JSON lines {user, text}, each person's messages oldest first.", HelpName = "FILE", Required = true };
        var limit = Count("--limit", "Only the first N people.");
        var epochs = Count("--epochs", "Passes over a person's messages at most.");
        var rank = Count("--rank", "Rank of the adapters.");
        var rate = new Option<float?>("--learning-rate") { Description = "Peak learning rate.", HelpName = "X" };
        var words = Count("--words", "Words of a person whose prediction is tried.");
        var typed = Count("--typed", "Messages of a person that are typed in simulation.");
        var table = new Option<string?>("--table")
        {
            Description = "Also write the report as Markdown, one row a person.",
            HelpName = "FILE",
        };
        var aside = new Option<string?>("--aside")
        {
            Description = "With --table: people whose test figures somebody has looked at before, by name or its beginning; "
                + "medians are given without them too.",
            HelpName = "A,B",
        };
        var command = new Command("keyboard", "Personalize for every person of a file and measure on their newest messages: perplexity a word, next-word accuracy, keystroke savings.")
        {
            shared.Model, people, limit, epochs, rank, rate, words, typed, table, aside,
        };
        Invocation.SetAction(command, shared, console, invocation =>
        {
            var parse = invocation.Parse;
            var defaults = new KeyboardPersonalizationOptions();
            var training = defaults.Training;
            var options = defaults with
            {
                Threads = invocation.Threads,
                MaxNextWordTargets = parse.GetValue(words) ?? defaults.MaxNextWordTargets,
                MaxTypedMessages = parse.GetValue(typed) ?? defaults.MaxTypedMessages,
                Training = training with
                {
                    Epochs = parse.GetValue(epochs) ?? training.Epochs,
                    LearningRate = parse.GetValue(rate) ?? training.LearningRate,
                    OrderSeed = parse.GetResult(shared.Seed) is { Implicit: false } ? invocation.Seed : training.OrderSeed,
                    Lora = training.Lora with { Rank = parse.GetValue(rank) ?? training.Lora.Rank },
                },
            };
            var setAside = parse.GetValue(aside)?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];
            return RunAsync(invocation, parse.GetValue(people)!, parse.GetValue(limit), options, parse.GetValue(table), setAside);
        });
        return command;
    }

    private static async Task<int> RunAsync(Invocation invocation, string path, int? limit, KeyboardPersonalizationOptions options,
        string? table, string[] setAside)
    {
        if (!File.Exists(path)) throw new ToolException(ExitCode.BadInput, $"{path}: no such file");
        IReadOnlyList<PersonHistory> people;
        using (var reader = File.OpenText(path)) people = PersonHistory.ReadJsonLines(reader, path);
        if (limit is { } most) people = [.. people.Take(most)];
        if (!people.Any(person => person.Messages.Count >= KeyboardProtocol.MinMessages))
            throw new ToolException(ExitCode.NothingToDo, $"{path}: nobody has {KeyboardProtocol.MinMessages} messages, the fewest that can be split into learning and testing");
        using var model = invocation.LoadModel();
        invocation.TokenizerOf(model);
        var report = await KeyboardProtocol.RunAsync(people, model, options, new KeyboardDisplay(invocation), invocation.Console.Time, invocation.Cancellation);
        if (table is not null)
        {
            await using var file = new StreamWriter(table) { NewLine = "\n" };
            KeyboardTable.Write(file, report, setAside);
        }

        if (invocation.Json) invocation.Console.Out.WriteLine(JsonSerializer.Serialize(report, KeyboardJson.Default.KeyboardReport));
        else WriteTable(invocation.Console.Out, report);
        return ExitCode.Success;
    }

    private static void WriteTable(TextWriter output, KeyboardReport report)
    {
        output.WriteLine($"{report.People.Count} people, {report.Skipped.Count} left out with too few messages; medians");
        output.WriteLine($"{"method",-18} {"perplexity a word",18} {"top 1",8} {"top 3",8} {"keys saved",11}");
        foreach (var (method, medians) in report.Medians)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{method,-18} {medians.PerplexityPerWord,18:F0} {medians.Top1Accuracy,8:P1} {medians.Top3Accuracy,8:P1} {medians.KeystrokeSavings,11:P1}"));
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"personalization takes {report.MedianTrainingSeconds:F1} s a person (median) and {report.PeakMemoryBytes / 1048576.0:F0} MiB at most"));
    }

    private static Option<int?> Count(string name, string description)
    {
        var option = new Option<int?>(name) { Description = description, HelpName = "N" };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() is < 1) result.AddError($"{name}: expected 1 or more");
        });
        return option;
    }
}

using System.Globalization;
using PersonaTune.Device.Keyboard;

namespace PersonaTune.Cli.Evaluation;

/// <summary>The protocol's report as Markdown: medians, how often the product wins, and one row a person. No message is quoted.</summary>
internal static class KeyboardTable
{
    private const int UserLength = 8;

    private static readonly (KeyboardMethod Method, string Name)[] Methods =
    [
        (KeyboardMethod.Base, "base"),
        (KeyboardMethod.BaseWithCache, "base + cache"),
        (KeyboardMethod.KneserNey, "Kneser-Ney, person only"),
        (KeyboardMethod.Adapter, "adapter"),
        (KeyboardMethod.AdapterWithCache, "adapter + cache (the product)"),
    ];

    private static readonly (string Name, Func<KeyboardMetrics, double> Value, string Format)[] Figures =
    [
        ("perplexity a word", metrics => metrics.PerplexityPerWord, "N0"), ("top 1", metrics => metrics.Top1Accuracy, "P1"),
        ("top 3", metrics => metrics.Top3Accuracy, "P1"), ("keystrokes saved", metrics => metrics.KeystrokeSavings, "P1"),
    ];

    /// <summary>
    /// Writes the report; medians are given once more without the people in <paramref name="setAside"/> (their names, or how these begin).
    /// </summary>
    public static void Write(TextWriter output, KeyboardReport report, IReadOnlyCollection<string> setAside)
    {
        WriteMedians(output, report.People, $"All {report.People.Count} people");
        if (setAside.Count > 0)
        {
            var others = report.People.Where(person => !IsSetAside(person)).ToList();
            WriteMedians(output, others, $"Without the {report.People.Count - others.Count} marked * below: {others.Count} people");
        }

        output.WriteLine("## Person by person");
        output.WriteLine();
        output.WriteLine("Perplexity a word, top 3 and keystrokes saved for base / base + cache / Kneser-Ney / adapter / product.");
        output.WriteLine("Messages: to fit on + validation + test.");
        output.WriteLine("Seconds of wall time (and of processor time) to personalize: training, tuning, training again. Peak resident memory meanwhile.");
        output.WriteLine();
        output.WriteLine("| person | messages | epochs | perplexity a word | top 3, % | keystrokes saved, % | s (CPU s) | MiB |");
        output.WriteLine("|---|---|---|---|---|---|---|---|");
        foreach (var person in report.People)
        {
            var name = person.User.Length > UserLength ? person.User[..UserLength] : person.User;
            string[] cells =
            [
                name + (IsSetAside(person) ? " *" : ""),
                $"{person.TrainMessages} + {person.ValidationMessages} + {person.TestMessages}",
                Number(person.Epochs, "F1"),
                All(person, m => m.PerplexityPerWord, 1, "N0"),
                All(person, m => m.Top3Accuracy, 100, "F1"),
                All(person, m => m.KeystrokeSavings, 100, "F1"),
                $"{Number(person.TrainingSeconds, "F0")} ({Number(person.TrainingCpuSeconds, "F0")})",
                Number(person.PeakMemoryBytes / 1048576.0, "F0"),
            ];
            output.WriteLine($"| {string.Join(" | ", cells)} |");
        }

        // A whole name means that person alone, even where another one's begins with it.
        bool IsSetAside(KeyboardPersonResult person) => setAside.Any(name => report.People.Any(p => string.Equals(p.User, name, StringComparison.Ordinal))
            ? string.Equals(person.User, name, StringComparison.Ordinal)
            : person.User.StartsWith(name, StringComparison.Ordinal));
    }

    private static void WriteMedians(TextWriter output, IReadOnlyList<KeyboardPersonResult> people, string title)
    {
        output.WriteLine($"## {title}");
        output.WriteLine();
        if (people.Count == 0) return;
        output.WriteLine("Medians; in brackets means.");
        output.WriteLine();
        output.WriteLine($"| | {string.Join(" | ", Figures.Select(figure => figure.Name))} |");
        output.WriteLine("|---|---|---|---|---|");
        foreach (var (method, name) in Methods)
        {
            var cells = Figures.Select((figure, i) =>
            {
                var values = people.Select(person => figure.Value(person.Metrics[method])).ToList();
                // The mean of perplexities would be that of the worst person.
                return Number(Median(values), figure.Format) + (i == 0 ? "" : $" ({Number(values.Average(), figure.Format)})");
            });
            output.WriteLine($"| {name} | {string.Join(" | ", cells)} |");
        }

        output.WriteLine();
        foreach (var (rival, name) in Methods[..^1])
        {
            var wins = Figures.Select((figure, i) =>
            {
                var gains = people.Select(person => Gain(person, rival, figure.Value, lowerIsBetter: i == 0)).ToList();
                return $"{figure.Name} {gains.Count(gain => gain > 0)} better, {gains.Count(gain => gain < 0)} worse";
            });
            output.WriteLine($"- The product against {name}, people: {string.Join("; ", wins)}.");
        }

        var (wall, cpu) = (people.Select(p => p.TrainingSeconds).ToList(), people.Select(p => p.TrainingCpuSeconds).ToList());
        output.WriteLine($"- To personalize: median {Number(Median(wall), "F1")} s a person ({Number(Median(cpu), "F1")} s of processor time), "
            + $"longest {Number(wall.Max(), "F0")} s ({Number(cpu.Max(), "F0")} s); "
            + $"peak {Number(people.Max(p => p.PeakMemoryBytes) / 1048576.0, "F0")} MiB in one process.");
        output.WriteLine($"- Everything, evaluation included: {Number(people.Sum(p => p.TotalSeconds) / 60, "F1")} minutes "
            + $"({Number(people.Sum(p => p.TotalCpuSeconds) / 60, "F1")} of processor time).");
        output.WriteLine();
    }

    private static double Gain(KeyboardPersonResult person, KeyboardMethod rival, Func<KeyboardMetrics, double> figure, bool lowerIsBetter)
    {
        var gain = figure(person.Metrics[KeyboardMethod.AdapterWithCache]) - figure(person.Metrics[rival]);
        return lowerIsBetter ? -gain : gain;
    }

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    private static string All(KeyboardPersonResult person, Func<KeyboardMetrics, double> figure, double factor, string format) =>
        string.Join(" / ", Methods.Select(method => Number(factor * figure(person.Metrics[method.Method]), format)));

    private static double Median(List<double> values)
    {
        var sorted = values.Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }
}

using System.Globalization;
using PersonaTune.Device.Keyboard;

namespace PersonaTune.Cli.Evaluation;

/// <summary>The protocol's report as Markdown: medians, how often the product wins, and one row a person. No message is quoted.</summary>
internal static class KeyboardTable
{
    private const int UserLength = 8;

    private static readonly (KeyboardMethod Method, string Name)[] Methods =
    [
        (KeyboardMethod.Base, "base"), (KeyboardMethod.BaseWithCache, "base + cache"), (KeyboardMethod.KneserNey, "Kneser-Ney, person only"),
        (KeyboardMethod.Adapter, "adapter"), (KeyboardMethod.AdapterWithCache, "adapter + cache (the product)"),
    ];

    private static readonly (string Name, Func<KeyboardMetrics, double> Value, string Format)[] Figures =
    [
        ("perplexity a word", metrics => metrics.PerplexityPerWord, "N0"), ("top 1", metrics => metrics.Top1Accuracy, "P1"),
        ("top 3", metrics => metrics.Top3Accuracy, "P1"), ("keystrokes saved", metrics => metrics.KeystrokeSavings, "P1"),
    ];

    /// <summary>Writes the report; medians are given once more without the people in <paramref name="setAside"/> (beginnings of their names).</summary>
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
        output.WriteLine("Perplexity a word, top 3 and keystrokes saved for base / base + cache / Kneser-Ney / adapter / product. Messages: to fit on + validation + test.");
        output.WriteLine("Seconds of wall time (and of processor time) to personalize: training, tuning, training again. Peak resident memory meanwhile.");
        output.WriteLine();
        output.WriteLine("| person | messages | epochs | perplexity a word | top 3, % | keystrokes saved, % | s (CPU s) | MiB |");
        output.WriteLine("|---|---|---|---|---|---|---|---|");
        foreach (var person in report.People)
        {
            var name = person.User.Length > UserLength ? person.User[..UserLength] : person.User;
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {name}{(IsSetAside(person) ? " *" : "")} | {person.TrainMessages} + {person.ValidationMessages} + {person.TestMessages} | {person.Epochs:F1} | {All(person, m => m.PerplexityPerWord, 1, "N0")} | {All(person, m => m.Top3Accuracy, 100, "F1")} | {All(person, m => m.KeystrokeSavings, 100, "F1")} | {person.TrainingSeconds:F0} ({person.TrainingCpuSeconds:F0}) | {person.PeakMemoryBytes / 1048576.0:F0} |"));
        }

        bool IsSetAside(KeyboardPersonResult person) => setAside.Any(start => person.User.StartsWith(start, StringComparison.Ordinal));
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
                var mean = i == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" ({values.Average().ToString(figure.Format, CultureInfo.InvariantCulture)})");
                return Median(values).ToString(figure.Format, CultureInfo.InvariantCulture) + mean;
            });
            output.WriteLine($"| {name} | {string.Join(" | ", cells)} |");
        }

        output.WriteLine();
        foreach (var (rival, name) in Methods[..^1])
        {
            var wins = Figures.Select((figure, i) => $"{figure.Name} {people.Count(person => Better(person, rival, figure.Value, i == 0))} better, {people.Count(person => Worse(person, rival, figure.Value, i == 0))} worse");
            output.WriteLine($"- The product against {name}, people: {string.Join("; ", wins)}.");
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"- To personalize: median {Median([.. people.Select(p => p.TrainingSeconds)]):F1} s a person ({Median([.. people.Select(p => p.TrainingCpuSeconds)]):F1} s of processor time), longest {people.Max(p => p.TrainingSeconds):F0} s ({people.Max(p => p.TrainingCpuSeconds):F0} s); peak {people.Max(p => p.PeakMemoryBytes) / 1048576.0:F0} MiB in one process. Everything, evaluation included: {people.Sum(p => p.TotalSeconds) / 60:F1} minutes ({people.Sum(p => p.TotalCpuSeconds) / 60:F1} of processor time)."));
        output.WriteLine();
    }

    private static bool Better(KeyboardPersonResult person, KeyboardMethod rival, Func<KeyboardMetrics, double> figure, bool lower) =>
        Worth(person, KeyboardMethod.AdapterWithCache, figure, lower) > Worth(person, rival, figure, lower);

    private static bool Worse(KeyboardPersonResult person, KeyboardMethod rival, Func<KeyboardMetrics, double> figure, bool lower) =>
        Worth(person, KeyboardMethod.AdapterWithCache, figure, lower) < Worth(person, rival, figure, lower);

    private static double Worth(KeyboardPersonResult person, KeyboardMethod method, Func<KeyboardMetrics, double> figure, bool lower) =>
        lower ? -figure(person.Metrics[method]) : figure(person.Metrics[method]);

    private static string All(KeyboardPersonResult person, Func<KeyboardMetrics, double> figure, double factor, string format) =>
        string.Join(" / ", Methods.Select(method => (factor * figure(person.Metrics[method.Method])).ToString(format, CultureInfo.InvariantCulture)));

    private static double Median(List<double> values)
    {
        var sorted = values.Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }
}

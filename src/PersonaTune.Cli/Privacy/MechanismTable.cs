using System.Globalization;
using System.Text;
using PersonaTune.Cli.Failures;

namespace PersonaTune.Cli.Privacy;

/// <summary>A CSV file of mechanisms: a header with the columns mechanism, sigma, q, steps, delta in any order (q and steps default to 1).</summary>
internal static class MechanismTable
{
    /// <summary>What is written for each row.</summary>
    public const string ResultHeader = "mechanism,sigma,q,steps,delta,eps_rdp,eps_pld,epsilon,bound";

    private static readonly string[] Columns = ["mechanism", "sigma", "q", "steps", "delta"];
    private static readonly string[] Required = ["mechanism", "sigma", "delta"];

    /// <summary>Reads a table.</summary>
    /// <exception cref="ToolException">A column is missing, unknown or doubled, or a row is malformed; the message names the line.</exception>
    public static List<MechanismRow> Read(TextReader reader, string name)
    {
        var columns = (reader.ReadLine() ?? throw Bad(name, 1, "no header; expected " + string.Join(',', Columns)))
            .Split(',').Select(c => c.Trim().ToLowerInvariant()).ToList();
        if (columns.Find(c => !Columns.Contains(c, StringComparer.Ordinal)) is { } unknown) throw Bad(name, 1, $"unknown column '{unknown}'; expected {string.Join(',', Columns)}");
        if (Array.Find(Required, c => !columns.Contains(c, StringComparer.Ordinal)) is { } missing) throw Bad(name, 1, $"column '{missing}' is missing; expected {string.Join(',', Columns)}");
        if (columns.Distinct(StringComparer.Ordinal).Count() != columns.Count) throw Bad(name, 1, "a column occurs twice");
        var rows = new List<MechanismRow>();
        for (var number = 2; reader.ReadLine() is { } line; number++)
        {
            if (string.IsNullOrWhiteSpace(line)) continue;
            var fields = line.Split(',');
            if (fields.Length != columns.Count) throw Bad(name, number, $"{fields.Length} fields, expected {columns.Count}");
            string? Field(string column) => columns.IndexOf(column) is >= 0 and var index ? fields[index].Trim() : null;
            double Number(string column, double otherwise) => Field(column) is not { } text ? otherwise
                : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value
                : throw Bad(name, number, $"{column} '{text}' is no number");
            var steps = Number("steps", 1);
            if (steps != Math.Floor(steps) || Math.Abs(steps) > 1e15) throw Bad(name, number, $"steps '{Field("steps")}' is no whole number");
            var row = new MechanismRow(Field("mechanism")!.ToLowerInvariant(), Number("sigma", 0), Number("q", 1), (long)steps, Number("delta", 0));
            if (row.Problem() is { } problem) throw Bad(name, number, problem);
            rows.Add(row);
        }

        return rows.Count > 0 ? rows : throw Bad(name, 2, "no rows after the header");
    }

    /// <summary>A row with its results; a bound that its accountant cannot give is left empty.</summary>
    public static string Format(MechanismRow row, TwoBounds bounds)
    {
        static string Cell(double value) => double.IsNaN(value) ? string.Empty : value.ToString("R", CultureInfo.InvariantCulture);
        var line = new StringBuilder(row.Mechanism);
        foreach (var value in (string[])[Cell(row.Sigma), Cell(row.SamplingRate), row.Steps.ToString(CultureInfo.InvariantCulture), Cell(row.Delta),
            Cell(bounds.Rdp), Cell(bounds.Pld), Cell(bounds.Epsilon), bounds.Bound])
            line.Append(',').Append(value);
        return line.ToString();
    }

    private static ToolException Bad(string name, int line, string problem) => new(ExitCode.BadInput, $"{name}, line {line}: {problem}");
}

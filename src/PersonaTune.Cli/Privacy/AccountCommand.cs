using System.CommandLine;
using System.Globalization;
using System.Text;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;
using PersonaTune.Engine.Formats;
using PersonaTune.Privacy.Accounting;

namespace PersonaTune.Cli.Privacy;

/// <summary><c>privacy account</c>: epsilon of one mechanism, or of every row of a table, by both accountants.</summary>
internal static class AccountCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console)
    {
        var table = new Option<string?>("--table") { Description = "CSV with the columns mechanism, sigma, q, steps, delta; - reads stdin.", HelpName = "FILE" };
        var output = new Option<string?>("--out") { Description = "Write the table with its results as CSV; default: stdout.", HelpName = "FILE" };
        var mechanism = new Option<string>("--mechanism") { Description = $"One of {string.Join(", ", MechanismRow.Mechanisms)}.", HelpName = "NAME", DefaultValueFactory = _ => "gaussian" };
        var sigma = new Option<double?>("--sigma") { Description = "Noise multiplier.", HelpName = "X" };
        var rate = new Option<double>("--rate") { Description = "Poisson sampling probability q.", HelpName = "Q", DefaultValueFactory = _ => 1 };
        var steps = new Option<long>("--steps") { Description = "Repetitions.", HelpName = "N", DefaultValueFactory = _ => 1 };
        var delta = new Option<double?>("--delta") { Description = "Delta.", HelpName = "X" };
        var command = new Command("account", "Epsilon of a repeated, subsampled mechanism, by both accountants; one user added or removed.")
        {
            table, output, mechanism, sigma, rate, steps, delta,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(table) is null && (result.GetValue(sigma) is null || result.GetValue(delta) is null))
                result.AddError("expected --table, or --sigma and --delta");
            if (result.GetValue(table) is not null && (result.GetValue(sigma) is not null || result.GetValue(delta) is not null))
                result.AddError("--table states mechanisms itself; leave --sigma and --delta out");
        });
        Invocation.SetAction(command, shared, console, invocation =>
        {
            var parse = invocation.Parse;
            var rows = parse.GetValue(table) is { } file
                ? Read(invocation, file)
                : [new MechanismRow(parse.GetValue(mechanism)!, parse.GetValue(sigma)!.Value, parse.GetValue(rate), parse.GetValue(steps), parse.GetValue(delta)!.Value)];
            if (parse.GetValue(table) is null && rows[0].Problem() is { } problem) throw new ToolException(ExitCode.Usage, $"privacy account: {problem}");
            return Task.FromResult(Run(invocation, rows, parse.GetValue(table) is not null, parse.GetValue(output)));
        });
        return command;
    }

    private static List<MechanismRow> Read(Invocation invocation, string file)
    {
        if (string.Equals(file, "-", StringComparison.Ordinal)) return MechanismTable.Read(invocation.Console.In, "stdin");
        using var reader = File.OpenText(file);
        return MechanismTable.Read(reader, file);
    }

    private static int Run(Invocation invocation, List<MechanismRow> rows, bool isTable, string? output)
    {
        var results = new List<(MechanismRow Row, TwoBounds Bounds)>();
        foreach (var row in rows)
        {
            invocation.Cancellation.ThrowIfCancellationRequested();
            results.Add((row, TwoBounds.Account(NeighbouringRelation.AddOrRemoveOne, row.Event, row.Steps, row.Delta)));
        }

        if (output is not null)
        {
            AtomicFile.Write(output, stream => stream.Write(Encoding.UTF8.GetBytes(Csv(results))));
            invocation.Note($"{output}: {results.Count} rows");
        }
        else if (invocation.Json)
        {
            JsonReport.Write(invocation.Console.Out, json =>
            {
                json.WriteString("relation", nameof(NeighbouringRelation.AddOrRemoveOne));
                json.WriteStartArray("rows");
                foreach (var (row, bounds) in results)
                {
                    json.WriteStartObject();
                    json.WriteString("mechanism", row.Mechanism);
                    json.WriteNumber("sigma", row.Sigma);
                    json.WriteNumber("q", row.SamplingRate);
                    json.WriteNumber("steps", row.Steps);
                    json.WriteNumber("delta", row.Delta);
                    json.WriteFinite("rdp", bounds.Rdp);
                    json.WriteFinite("pld", bounds.Pld);
                    json.WriteFinite("epsilon", bounds.Epsilon);
                    json.WriteString("bound", bounds.Bound);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
            });
        }
        else if (isTable) invocation.Console.Out.Write(Csv(results));
        else
        {
            var bounds = results[0].Bounds;
            invocation.Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"epsilon {bounds.Epsilon:G6} ({bounds.Bound}); by RDP {bounds.Rdp:G6}, by PLD {bounds.Pld:G6}; delta {rows[0].Delta:G3}, one user added or removed"));
        }

        return ExitCode.Success;
    }

    private static string Csv(List<(MechanismRow Row, TwoBounds Bounds)> results)
    {
        var text = new StringBuilder(MechanismTable.ResultHeader).Append('\n');
        foreach (var (row, bounds) in results) text.Append(MechanismTable.Format(row, bounds)).Append('\n');
        return text.ToString();
    }
}

using System.CommandLine;
using System.Globalization;
using System.Text;
using PersonaTune.Cli.Charts;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;
using PersonaTune.Engine.Formats;

namespace PersonaTune.Cli.Privacy;

/// <summary><c>privacy plan</c>: of rounds, noise and epsilon, the one that is not given.</summary>
internal static class PlanCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console)
    {
        var population = new Option<int>("--population") { Description = "Devices that may take part.", HelpName = "N", Required = true };
        var cohort = new Option<int>("--cohort") { Description = "Devices of a round.", HelpName = "N", Required = true };
        var sigma = new Option<double?>("--sigma") { Description = "Noise multiplier: standard deviation of the noise on the sum, divided by the clip norm.", HelpName = "X" };
        var rounds = new Option<long?>("--rounds") { Description = "Rounds.", HelpName = "N" };
        var epsilon = new Option<double?>("--epsilon") { Description = "Epsilon of all rounds together.", HelpName = "X" };
        var delta = new Option<double>("--delta") { Description = "Delta; well below one over the population.", HelpName = "X", Required = true };
        var sampling = new Option<string>("--sampling") { Description = "poisson: each device joins by its own coin (default); fixed: cohorts of exactly this size.", HelpName = "KIND", DefaultValueFactory = _ => "poisson" };
        sampling.AcceptOnlyFromAmong("poisson", "fixed");
        var svg = new Option<string?>("--svg") { Description = "Draw epsilon against rounds.", HelpName = "FILE" };
        var command = new Command("plan", "Of rounds, noise and epsilon give two, and get the third, by both accountants.")
        {
            population, cohort, sigma, rounds, epsilon, delta, sampling, svg,
        };
        population.Require("at least 1", value => value >= 1);
        cohort.Require("at least 1", value => value >= 1);
        sigma.Require("above 0", value => value is null or > 0 and < double.PositiveInfinity);
        rounds.Require($"1 to {RoundPlan.MostRounds:N0}", value => value is null or >= 1 and <= RoundPlan.MostRounds);
        epsilon.Require("above 0", value => value is null or > 0 and < double.PositiveInfinity);
        delta.Require("above 0 and below 1", value => value is > 0 and < 1);
        command.Validators.Add(result =>
        {
            if (result.GetValue(cohort) > result.GetValue(population)) result.AddError("--cohort: expected at most the --population");
            var given = (result.GetValue(sigma) is null ? 0 : 1) + (result.GetValue(rounds) is null ? 0 : 1) + (result.GetValue(epsilon) is null ? 0 : 1);
            if (given < 2) result.AddError("expected two of --sigma, --rounds and --epsilon");
        });
        Invocation.SetAction(command, shared, console, invocation =>
        {
            var parse = invocation.Parse;
            var plan = new RoundPlan(parse.GetValue(population), parse.GetValue(cohort), string.Equals(parse.GetValue(sampling), "fixed", StringComparison.Ordinal));
            return Task.FromResult(Run(invocation, plan, parse.GetValue(sigma), parse.GetValue(rounds), parse.GetValue(epsilon), parse.GetValue(delta), parse.GetValue(svg)));
        });
        return command;
    }

    private static int Run(Invocation invocation, RoundPlan plan, double? sigma, long? rounds, double? epsilon, double delta, string? svg)
    {
        var solved = sigma is null ? "sigma" : rounds is null ? "rounds" : epsilon is null ? "epsilon" : null;
        var noise = sigma ?? plan.Sigma(rounds!.Value, epsilon!.Value, delta);
        var count = rounds ?? plan.Rounds(noise, epsilon!.Value, delta);
        if (count == 0) throw new ToolException(ExitCode.NothingToDo, string.Create(CultureInfo.InvariantCulture,
            $"not even one round with noise multiplier {noise:G6} stays within epsilon {epsilon:G6}: it costs {plan.Account(noise, 1, delta).Epsilon:G6}; add noise"));
        var steps = Steps(count).Select(n => (Rounds: n, Bounds: plan.Account(noise, n, delta))).ToList();
        var final = steps[^1].Bounds;
        if (svg is not null) Draw(svg, plan, noise, epsilon, delta, steps);
        if (invocation.Json)
        {
            JsonReport.Write(invocation.Console.Out, json =>
            {
                json.WriteNumber("population", plan.Population);
                json.WriteNumber("cohort", plan.Cohort);
                json.WriteString("sampling", plan.FixedSize ? "fixed" : "poisson");
                json.WriteString("relation", plan.Relation.ToString());
                json.WriteString("solvedFor", solved);
                json.WriteNumber("sigma", noise);
                json.WriteNumber("rounds", count);
                json.WriteNumber("delta", delta);
                json.WriteFinite("epsilon", final.Epsilon);
                json.WriteString("bound", final.Bound);
                if (epsilon is { } limit) json.WriteBoolean("within", final.Epsilon <= limit);
                json.WriteStartArray("steps");
                foreach (var (n, bounds) in steps)
                {
                    json.WriteStartObject();
                    json.WriteNumber("rounds", n);
                    json.WriteFinite("rdp", bounds.Rdp);
                    json.WriteFinite("pld", bounds.Pld);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
            });
        }
        else WriteTable(invocation.Console.Out, plan, noise, count, epsilon, delta, solved, steps);

        return ExitCode.Success;
    }

    private static void WriteTable(TextWriter output, RoundPlan plan, double sigma, long rounds, double? epsilon, double delta, string? solved,
        List<(long Rounds, TwoBounds Bounds)> steps)
    {
        var final = steps[^1].Bounds;
        void Line(FormattableString text) => output.WriteLine(text.ToString(CultureInfo.InvariantCulture));
        Line($"{plan.Cohort:N0} of {plan.Population:N0} devices a round (q = {plan.SamplingRate:G4}, {(plan.FixedSize ? "fixed size, exchange of one user" : "Poisson, one user added or removed")}), delta {delta:G3}");
        Line($"");
        Line($"{"rounds",12} {"epsilon (RDP)",15} {"epsilon (PLD)",15}");
        foreach (var (n, bounds) in steps) Line($"{n,12:N0} {Show(bounds.Rdp),15} {Show(bounds.Pld),15}");
        Line($"");
        Line($"{Mark("rounds")} {rounds:N0}, {Mark("sigma")} {sigma:G6}, {Mark("epsilon")} {final.Epsilon:G6} ({final.Bound})");
        if (epsilon is { } limit && solved is null)
            Line($"{(final.Epsilon <= limit ? "within" : "NOT within")} the limit of epsilon {limit:G6}");
        string Mark(string name) => string.Equals(name, solved, StringComparison.Ordinal) ? $"=> {name}" : name;
    }

    private static void Draw(string file, RoundPlan plan, double sigma, double? epsilon, double delta, List<(long Rounds, TwoBounds Bounds)> steps)
    {
        var chart = new LineChart
        {
            Title = string.Create(CultureInfo.InvariantCulture, $"Epsilon after rounds of {plan.Cohort:N0} of {plan.Population:N0} devices, sigma {sigma:G4}, delta {delta:G2}"),
            XLabel = "rounds",
            YLabel = "epsilon",
            LogarithmicX = true,
            Limit = epsilon is { } limit ? (string.Create(CultureInfo.InvariantCulture, $"limit {limit:G4}"), limit) : null,
        };
        Series Of(string name, Func<TwoBounds, double> pick) => new(name, [.. steps.Select(s => ((double)s.Rounds, pick(s.Bounds)))]);
        var picture = chart.Draw([Of("RDP", b => b.Rdp), Of("PLD", b => b.Pld)]);
        AtomicFile.Write(file, stream => stream.Write(Encoding.UTF8.GetBytes(picture)));
    }

    /// <summary>1, 2, 5, 10, ... and the last one.</summary>
    private static IEnumerable<long> Steps(long last)
    {
        for (long decade = 1; decade < last; decade *= 10)
            foreach (var step in (long[])[decade, decade * 2, decade * 5])
                if (step < last) yield return step;
        yield return last;
    }

    private static string Show(double epsilon) => double.IsNaN(epsilon) ? "-" : epsilon.ToString("F4", CultureInfo.InvariantCulture);
}

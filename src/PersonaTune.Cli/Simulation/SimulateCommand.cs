using System.CommandLine;
using System.Globalization;
using PersonaTune.Aggregator.Hosting;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;
using PersonaTune.Device.Federation;
using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Cli.Simulation;

/// <summary><c>simulate</c>: a fleet of virtual devices through the production client and server.</summary>
internal static class SimulateCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console)
    {
        var workload = new Option<string>("--workload") { Description = $"What devices train: {string.Join(", ", WorkloadSource.Names)}.", HelpName = "NAME", DefaultValueFactory = _ => "synthetic" };
        workload.AcceptOnlyFromAmong(WorkloadSource.Names);
        var data = new Option<string?>("--data") { Description = "digits: the folder of the image, label and writer files; keyboard: a file of messages with users.", HelpName = "PATH" };
        var devices = new Option<int?>("--devices") { Description = "Devices of the fleet. Default: one for each person of the data; synthetic: 100.", HelpName = "N" };
        var rounds = new Option<int>("--rounds") { Description = "Rounds.", HelpName = "N", DefaultValueFactory = _ => 5 };
        var goal = new Option<int?>("--goal") { Description = "Reports a round. Default: all devices.", HelpName = "N" };
        var cohort = new Option<int>("--cohort") { Description = "Devices of a cohort.", HelpName = "N", DefaultValueFactory = _ => 100 };
        var minimum = new Option<double>("--minimum") { Description = "The fraction of a cohort that must remain.", HelpName = "X", DefaultValueFactory = _ => 0.6 };
        var dimension = new Option<int>("--dimension") { Description = "Coordinates of the synthetic workload.", HelpName = "N", DefaultValueFactory = _ => 1000 };
        var aggregation = new Option<string>("--aggregation") { Description = "secure (default) or plain.", HelpName = "KIND", DefaultValueFactory = _ => "secure" };
        aggregation.AcceptOnlyFromAmong("secure", "plain");
        var privacy = new Option<string>("--privacy") { Description = "none, central, local or distributed (default).", HelpName = "KIND", DefaultValueFactory = _ => "distributed" };
        privacy.AcceptOnlyFromAmong("none", "central", "local", "distributed");
        var noise = new Option<double>("--noise") { Description = "Noise multiplier: standard deviation of the noise over what one device can change.", HelpName = "X", DefaultValueFactory = _ => 1 };
        var delta = new Option<double>("--delta") { Description = "Target delta.", HelpName = "X", DefaultValueFactory = _ => 1e-5 };
        var clip = new Option<double?>("--clip") { Description = "Clip norm. Default: the workload's.", HelpName = "X" };
        var optimizer = new Option<string?>("--optimizer") { Description = "fedavg, fedadam or fedyogi. Default: the workload's.", HelpName = "NAME" };
        optimizer.AcceptOnlyFromAmong("fedavg", "fedadam", "fedyogi");
        var rate = new Option<double?>("--server-rate") { Description = "The server's learning rate.", HelpName = "X" };
        var momentum = new Option<double?>("--momentum") { Description = "The server's momentum.", HelpName = "X" };
        var gate = new Option<double>("--norm-gate") { Description = "Leave out cohorts whose mean is this many times longer than the median; 0 for no gate.", HelpName = "X" };
        var trim = new Option<double>("--trim") { Description = "Fraction of cohorts cut from both ends of each coordinate.", HelpName = "X" };
        var drop = new Option<string[]>("--drop") { Description = "Devices that vanish before a step: STEP=RATE, for example upload=0.3; repeatable. Steps: check-in, train, advertise, open, share, upload, confirm, unmask.", HelpName = "STEP=RATE" };
        var slow = new Option<double>("--slow") { Description = "Fraction of devices that are slow.", HelpName = "X" };
        var slowSeconds = new Option<double>("--slow-seconds") { Description = "How long a slow device waits before each step.", HelpName = "X", DefaultValueFactory = _ => 1 };
        var liars = new Option<double>("--liars") { Description = "Fraction of devices that lie.", HelpName = "X" };
        var lie = new Option<string>("--lie") { Description = "How: flip (default), not-a-number, truncate, forge, replay, oversize.", HelpName = "KIND", DefaultValueFactory = _ => "flip" };
        lie.AcceptOnlyFromAmong("flip", "not-a-number", "truncate", "forge", "replay", "oversize");
        var stage = new Option<double>("--stage-seconds") { Description = "Seconds that a stage stays open; uploads and training have four times as long.", HelpName = "X", DefaultValueFactory = _ => 30 };
        var compare = new Option<bool>("--compare") { Description = "Also run the same rounds without noise, and train on everything in one place." };
        var report = new Option<string?>("--report") { Description = "Write report.md, report.json and pictures into this folder.", HelpName = "FOLDER" };
        var url = new Option<string?>("--url") { Description = "Run against an aggregator that runs already, instead of one of its own.", HelpName = "URL" };
        var keys = new Option<string?>("--keys") { Description = "With --url: the folder of the deployment's keys, for the operator's signature and the enrolment token.", HelpName = "FOLDER" };
        var command = new Command("simulate", "Run a fleet of virtual devices through the production client and aggregator, over HTTP on this machine.")
        {
            workload, data, devices, rounds, goal, cohort, minimum, dimension, aggregation, privacy, noise, delta, clip, optimizer, rate, momentum, gate, trim, drop, slow, slowSeconds, liars, lie, stage, compare, report, url, keys,
        };
        rounds.Require("1 to 10000", value => value is >= 1 and <= 10_000);
        devices.Require("1 to 1000000", value => value is null or (>= 1 and <= 1_000_000));
        goal.Require("at least 1", value => value is null or >= 1);
        cohort.Require("at least 4", value => value >= 4);
        minimum.Require("above 0, up to 1", value => value is > 0 and <= 1);
        dimension.Require("1 to 16777216", value => value is >= 1 and <= 1 << 24);
        noise.Require("above 0", value => value > 0 && double.IsFinite(value));
        delta.Require("above 0 and below 1", value => value is > 0 and < 1);
        foreach (var fraction in (Option<double>[])[slow, liars]) fraction.Require("0 to 1", value => value is >= 0 and <= 1);
        stage.Require("0.1 to 3600", value => value is >= 0.1 and <= 3600);
        Invocation.SetAction(command, shared, console, async invocation =>
        {
            var parse = invocation.Parse;
            using var people = WorkloadSource.Open(
                parse.GetValue(workload)!, parse.GetValue(data), parse.GetValue(devices) ?? 100, parse.GetValue(dimension), (long)invocation.Seed, parse.GetValue(shared.Model), invocation.Threads);
            var fleet = parse.GetValue(devices) ?? people.People;
            var plan = new SimulationPlan
            {
                Devices = fleet,
                Rounds = parse.GetValue(rounds),
                Goal = Math.Min(fleet, parse.GetValue(goal) ?? fleet),
                CohortSize = parse.GetValue(cohort),
                MinimumFraction = parse.GetValue(minimum),
                Aggregation = parse.GetValue(aggregation) == "plain" ? AggregationKind.Plain : AggregationKind.Secure,
                Privacy = Enum.Parse<PrivacyKind>(parse.GetValue(privacy)!, ignoreCase: true),
                NoiseMultiplier = parse.GetValue(noise),
                Delta = parse.GetValue(delta),
                Clip = parse.GetValue(clip),
                StageSeconds = parse.GetValue(stage),
                LongStageSeconds = 4 * parse.GetValue(stage),
                Server = ServerOf(people.Server, parse.GetValue(optimizer), parse.GetValue(rate), parse.GetValue(momentum), parse.GetValue(gate), parse.GetValue(trim)),
                Faults = new FaultPlan
                {
                    Drops = ParseDrops(parse.GetValue(drop) ?? []),
                    SlowRate = parse.GetValue(slow),
                    SlowDelay = TimeSpan.FromSeconds(parse.GetValue(slowSeconds)),
                    LiarRate = parse.GetValue(liars),
                    Liar = Enum.Parse<LiarKind>(parse.GetValue(lie)!.Replace("-", string.Empty, StringComparison.Ordinal).Replace("notanumber", "NotANumber", StringComparison.Ordinal), ignoreCase: true),
                    Seed = (long)invocation.Seed,
                },
            };
            if (plan.Privacy == PrivacyKind.Distributed && plan.Aggregation == AggregationKind.Plain)
                throw new ToolException(ExitCode.Usage, "--privacy distributed: expected --aggregation secure; noise shares protect sums only. Use central or local with plain reports");
            if (plan.Privacy == PrivacyKind.Local && plan.Aggregation == AggregationKind.Secure)
                throw new ToolException(ExitCode.Usage, "--privacy local: expected --aggregation plain; with secure aggregation use distributed");
            return await RunAsync(invocation, people, plan, parse.GetValue(compare), parse.GetValue(report), parse.GetValue(url), parse.GetValue(keys));
        });
        return command;
    }

    private static async Task<int> RunAsync(Invocation invocation, IWorkload workload, SimulationPlan plan, bool compare, string? report, string? url, string? keys)
    {
        var simulator = new Simulator(workload, plan, invocation.Note);
        invocation.Note(string.Create(CultureInfo.InvariantCulture, $"seed {plan.Faults.Seed}; {plan.Devices} {workload.DeviceNoun}, {plan.Goal} a round, {plan.Rounds} rounds, {plan.Aggregation}, {plan.Privacy}"));
        try
        {
            SimulationResult result;
            if (url is null) result = await simulator.RunAsync(invocation.Cancellation);
            else
            {
                if (keys is null) throw new ToolException(ExitCode.Usage, "--url: expected --keys with the folder of the deployment's keys as well");
                result = await simulator.RunAsync(new Uri(url), ServiceFolder.Open(keys, create: false), seeded: true, invocation.Cancellation);
            }

            SimulationResult? plain = null;
            (double, double?)? central = null;
            if (compare)
            {
                invocation.Note("the same rounds without noise");
                plain = await new Simulator(workload, plan with { Privacy = PrivacyKind.None, Aggregation = AggregationKind.Plain }, invocation.Note).RunAsync(invocation.Cancellation);
                central = await workload.EvaluateAsync(await workload.TrainCentrallyAsync(5, invocation.Cancellation), invocation.Cancellation);
            }

            var writer = new SimulationReport(workload, plan, result, plain, central);
            if (report is not null) writer.WriteTo(report);
            if (invocation.Json) invocation.Console.Out.WriteLine(writer.ToJson());
            else invocation.Console.Out.Write(writer.ToMarkdown(pictures: false));
            return ExitCode.Success;
        }
        catch (Exception e) when (e is InvalidOperationException or HttpRequestException or AggregatorException)
        {
            throw new ToolException(ExitCode.Failure, e.Message, e);
        }
    }

    private static ServerTerms ServerOf(ServerTerms terms, string? optimizer, double? rate, double? momentum, double gate, double trim)
    {
        if (optimizer is not null)
        {
            terms = optimizer switch
            {
                "fedadam" => terms with { Optimizer = ServerOptimizerKind.FedAdam, LearningRate = 0.05, Momentum = 0.9 },
                "fedyogi" => terms with { Optimizer = ServerOptimizerKind.FedYogi, LearningRate = 0.05, Momentum = 0.9 },
                _ => terms with { Optimizer = ServerOptimizerKind.FedAvg },
            };
        }

        return terms with { LearningRate = rate ?? terms.LearningRate, Momentum = momentum ?? terms.Momentum, NormGate = gate, TrimFraction = trim };
    }

    private static Dictionary<ParticipationStep, double> ParseDrops(IEnumerable<string> texts)
    {
        var drops = new Dictionary<ParticipationStep, double>();
        foreach (var text in texts)
        {
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0 || !Enum.TryParse<ParticipationStep>(text[..equals].Replace("-", string.Empty, StringComparison.Ordinal), ignoreCase: true, out var step)
                || !double.TryParse(text[(equals + 1)..], NumberStyles.Float, CultureInfo.InvariantCulture, out var rate) || !(rate is >= 0 and <= 1))
                throw new ToolException(ExitCode.Usage, $"--drop: expected STEP=RATE with a rate of 0 to 1, for example upload=0.3, got '{text}'");
            drops[step] = rate;
        }

        return drops;
    }
}

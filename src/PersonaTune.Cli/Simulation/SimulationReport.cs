using System.Globalization;
using System.Text;
using System.Text.Json;
using PersonaTune.Cli.Charts;
using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Cli.Simulation;

/// <summary>A simulation as Markdown, pictures and JSON.</summary>
internal sealed class SimulationReport(IWorkload workload, SimulationPlan plan, SimulationResult result, SimulationResult? plain, (double Loss, double? Accuracy)? central)
{
    /// <summary>Writes report.md, report.json and the pictures.</summary>
    public void WriteTo(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (var (name, svg) in Pictures()) File.WriteAllText(Path.Combine(folder, name), svg);
        File.WriteAllText(Path.Combine(folder, "report.json"), ToJson() + Environment.NewLine);
        File.WriteAllText(Path.Combine(folder, "report.md"), ToMarkdown(pictures: true));
    }

    /// <summary>The report as Markdown.</summary>
    public string ToMarkdown(bool pictures)
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"# {plan.Rounds} rounds over {plan.Devices} {workload.DeviceNoun}").AppendLine();
        text.AppendLine(CultureInfo.InvariantCulture,
            $"Workload {workload.Name}, {workload.Adapter.Dimension:N0} coordinates; {plan.Goal} reports a round in cohorts of up to {Math.Min(plan.CohortSize, plan.Goal)}; aggregation {Name(plan.Aggregation)}; differential privacy {Name(plan.Privacy)}{(plan.Privacy == PrivacyKind.None ? string.Empty : string.Create(CultureInfo.InvariantCulture, $", noise multiplier {plan.NoiseMultiplier}, delta {plan.Delta:G3}"))}; seed {plan.Faults.Seed}.");
        if (!plan.Faults.IsEmpty) text.AppendLine(CultureInfo.InvariantCulture, $"Faults: {Faults()}.");
        text.AppendLine();
        var (accuracy, noise) = (result.Initial.Accuracy is not null, plan.Privacy != PrivacyKind.None);
        text.Append("| round | loss |").Append(accuracy ? " accuracy |" : string.Empty).Append(plain is null ? string.Empty : accuracy ? " without noise |" : " loss without noise |")
            .Append(noise ? " epsilon (RDP) | epsilon (PLD) |" : string.Empty).AppendLine(" completed | lost | other | KB up | KB down | attempts | seconds |");
        text.Append("|---|---|").Append(accuracy ? "---|" : string.Empty).Append(plain is null ? string.Empty : "---|").Append(noise ? "---|---|" : string.Empty).AppendLine("---|---|---|---|---|---|---|");
        text.Append(CultureInfo.InvariantCulture, $"| before | {result.Initial.Loss:F4} |").Append(accuracy ? Percent(result.Initial.Accuracy) : string.Empty).Append(plain is null ? string.Empty : " |").Append(noise ? " | |" : string.Empty).AppendLine(" | | | | | | |");
        foreach (var (index, round) in result.Rounds.Index())
        {
            text.Append(CultureInfo.InvariantCulture, $"| {round.Round} | {round.Loss:F4} |").Append(accuracy ? Percent(round.Accuracy) : string.Empty);
            if (plain is not null) text.Append(accuracy ? Percent(plain.Rounds[index].Accuracy) : string.Create(CultureInfo.InvariantCulture, $" {plain.Rounds[index].Loss:F4} |"));
            if (noise) text.Append(CultureInfo.InvariantCulture, $" {round.EpsilonRenyi:F3} | {round.EpsilonLoss:F3} |");
            text.AppendLine(CultureInfo.InvariantCulture, $" {round.Completed} | {round.Lost} | {round.Failed} | {round.BytesUp / 1024.0:N0} | {round.BytesDown / 1024.0:N0} | {round.Attempts} | {round.Seconds:F1} |");
        }

        text.AppendLine();
        if (noise && plan.Privacy == PrivacyKind.Distributed)
            text.AppendLine("Epsilon by RDP is that of the distributed integer noise and is what the ledger charges; by PLD it is that of a continuous Gaussian with the same multiplier, for comparison.").AppendLine();
        if (central is { } all) text.AppendLine(CultureInfo.InvariantCulture, $"All data in one place, trained plainly: loss {all.Loss:F4}{(all.Accuracy is { } right ? $", accuracy {right:P2}" : string.Empty)}.").AppendLine();
        text.AppendLine("Participations:").AppendLine();
        foreach (var (reason, count) in result.Reasons) text.AppendLine(CultureInfo.InvariantCulture, $"- {count:N0} {reason}");
        text.AppendLine().AppendLine(CultureInfo.InvariantCulture, $"All rounds together took {result.Seconds:F1} s.");
        if (pictures) foreach (var (name, _) in Pictures()) text.AppendLine().AppendLine(CultureInfo.InvariantCulture, $"![{name}]({name})");
        return text.ToString();
    }

    /// <summary>The report as JSON.</summary>
    public string ToJson()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("workload", workload.Name);
            json.WriteNumber("dimension", workload.Adapter.Dimension);
            json.WriteNumber("devices", plan.Devices);
            json.WriteNumber("goal", plan.Goal);
            json.WriteString("aggregation", Name(plan.Aggregation));
            json.WriteString("privacy", Name(plan.Privacy));
            json.WriteNumber("noiseMultiplier", plan.Privacy == PrivacyKind.None ? 0 : plan.NoiseMultiplier);
            json.WriteNumber("delta", plan.Delta);
            json.WriteNumber("seed", plan.Faults.Seed);
            json.WriteNumber("initialLoss", result.Initial.Loss);
            if (result.Initial.Accuracy is { } before) json.WriteNumber("initialAccuracy", before);
            Rounds(json, "rounds", result);
            if (plain is not null) Rounds(json, "withoutNoise", plain);
            if (central is { } all)
            {
                json.WriteNumber("centralLoss", all.Loss);
                if (all.Accuracy is { } right) json.WriteNumber("centralAccuracy", right);
            }

            json.WriteStartObject("participations");
            foreach (var (reason, count) in result.Reasons) json.WriteNumber(reason, count);
            json.WriteEndObject();
            json.WriteNumber("seconds", result.Seconds);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static void Rounds(Utf8JsonWriter json, string name, SimulationResult result)
    {
        json.WriteStartArray(name);
        foreach (var round in result.Rounds)
        {
            json.WriteStartObject();
            json.WriteNumber("round", round.Round);
            json.WriteNumber("attempts", round.Attempts);
            json.WriteNumber("loss", round.Loss);
            if (round.Accuracy is { } accuracy) json.WriteNumber("accuracy", accuracy);
            if (round.Epsilon is { } epsilon) json.WriteNumber("epsilon", epsilon);
            json.WriteNumber("epsilonRenyi", round.EpsilonRenyi);
            json.WriteNumber("epsilonLossDistribution", round.EpsilonLoss);
            json.WriteNumber("completed", round.Completed);
            json.WriteNumber("lost", round.Lost);
            json.WriteNumber("failed", round.Failed);
            json.WriteNumber("bytesUp", round.BytesUp);
            json.WriteNumber("bytesDown", round.BytesDown);
            json.WriteNumber("seconds", round.Seconds);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private IEnumerable<(string Name, string Svg)> Pictures()
    {
        var accuracy = result.Initial.Accuracy is not null;
        double Value(double loss, double? right) => accuracy ? 100 * right!.Value : loss;
        List<(double X, double Y)> Points(SimulationResult of) =>
            [(0, Value(of.Initial.Loss, of.Initial.Accuracy)), .. of.Rounds.Select(round => ((double)round.Round, Value(round.Loss, round.Accuracy)))];
        var series = new List<Series> { new(plan.Privacy == PrivacyKind.None ? "federated" : "private", Points(result)) };
        if (plain is not null) series.Add(new Series("without noise", Points(plain)));
        yield return ("learning.svg", new LineChart
        {
            Title = $"{workload.Name}: held-out {(accuracy ? "accuracy" : "loss")} a round",
            XLabel = "rounds",
            YLabel = accuracy ? "accuracy, %" : "loss",
            Limit = central is { } all ? ("all data in one place", Value(all.Loss, all.Accuracy)) : null,
        }.Draw(series));
        if (plan.Privacy == PrivacyKind.None) yield break;
        yield return ("privacy.svg", new LineChart
        {
            Title = string.Create(CultureInfo.InvariantCulture, $"{workload.Name}: epsilon spent (delta {plan.Delta:G3})"),
            XLabel = "rounds",
            YLabel = "epsilon",
        }.Draw([new Series("RDP", [.. result.Rounds.Select(round => ((double)round.Round, round.EpsilonRenyi))]), new Series("PLD", [.. result.Rounds.Select(round => ((double)round.Round, round.EpsilonLoss))])]));
    }

    private string Faults()
    {
        var parts = plan.Faults.Drops.Where(drop => drop.Value > 0).Select(drop => string.Create(CultureInfo.InvariantCulture, $"{drop.Value:P0} vanish before {drop.Key}")).ToList();
        if (plan.Faults.SlowRate > 0) parts.Add(string.Create(CultureInfo.InvariantCulture, $"{plan.Faults.SlowRate:P0} wait {plan.Faults.SlowDelay.TotalSeconds} s before each step"));
        if (plan.Faults.LiarRate > 0) parts.Add(string.Create(CultureInfo.InvariantCulture, $"{plan.Faults.LiarRate:P0} lie ({plan.Faults.Liar})"));
        return string.Join("; ", parts);
    }

    private static string Percent(double? value) => value is { } known ? string.Create(CultureInfo.InvariantCulture, $" {100 * known:F2} % |") : " |";

    private static string Name<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());
}

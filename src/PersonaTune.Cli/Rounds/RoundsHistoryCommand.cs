using System.CommandLine;
using System.Globalization;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;
using PersonaTune.Device.Consent;
using PersonaTune.Device.Federation;
using PersonaTune.Privacy.Budget;

namespace PersonaTune.Cli.Rounds;

/// <summary><c>rounds history</c>: every participation of this device, and what all of them cost together.</summary>
internal static class RoundsHistoryCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console)
    {
        var task = new Option<string?>("--task") { Description = "Only this task's participations.", HelpName = "NAME" };
        var delta = new Option<double>("--delta") { Description = "The delta of the epsilon of all participations together. Default: 1e-5.", HelpName = "D", DefaultValueFactory = _ => 1e-5 };
        delta.Require("above 0 and below 1", value => value is > 0 and < 1);
        var command = new Command("history", "Show every participation of this device in federated rounds, oldest first, with its receipt, its epsilon and what became of it.") { task, delta };
        foreach (Option option in (Option[])[shared.Store, shared.PassphraseFile, shared.KeyFile]) command.Add(option);
        Invocation.SetAction(command, shared, console, invocation => RunAsync(invocation, invocation.Parse.GetValue(task), invocation.Parse.GetValue(delta)));
        return command;
    }

    private static async Task<int> RunAsync(Invocation invocation, string? task, double delta)
    {
        await using var store = await invocation.Store().OpenAsync(create: false, invocation.Cancellation);
        var log = await SealedParticipationLog.OpenAsync(store, invocation.Cancellation);
        var records = (await log.ListAsync(invocation.Cancellation)).Where(record => task is null || record.Task == task).ToList();
        // No limit: this only reads what was spent.
        using var ledger = await PrivacyLedger.OpenAsync(
            new SealedLedgerStore(store), new PrivacyBudgetPolicy { Delta = delta, TotalEpsilon = double.MaxValue, Relation = TaskCost.Relation },
            new PrivacyLedgerOptions { Accountant = _ => TaskCost.Accountant() }, invocation.Cancellation);
        var budget = await ledger.GetStatusAsync(invocation.Cancellation);
        if (invocation.Json) WriteJson(invocation, records, budget, delta);
        else WriteText(invocation, records, budget, delta);
        return ExitCode.Success;
    }

    private static void WriteJson(Invocation invocation, List<ParticipationRecord> records, BudgetStatus budget, double delta) => JsonReport.Write(invocation.Console.Out, json =>
    {
        json.WriteStartArray("participations");
        foreach (var record in records)
        {
            json.WriteStartObject();
            json.WriteString("id", record.Id);
            json.WriteString("task", record.Task);
            json.WriteNumber("round", record.Round);
            json.WriteString("started", Time(record.Started));
            if (record.Ended is { } ended) json.WriteString("ended", Time(ended));
            else json.WriteNull("ended");
            json.WriteString("outcome", Name(record.Status));
            if (record.Reason is { } reason) json.WriteString("reason", reason);
            else json.WriteNull("reason");
            json.WriteString("consentReceipt", record.ConsentReceipt);
            json.WriteFinite("epsilon", record.Epsilon);
            json.WriteNumber("delta", record.Delta);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartObject("ledger");
        json.WriteNumber("spends", budget.Spends);
        json.WriteFinite("epsilon", budget.EpsilonTotal);
        json.WriteNumber("delta", delta);
        json.WriteEndObject();
    });

    private static void WriteText(Invocation invocation, List<ParticipationRecord> records, BudgetStatus budget, double delta)
    {
        foreach (var record in records)
        {
            var cost = record.Epsilon == 0 ? "cost nothing"
                : double.IsFinite(record.Epsilon) ? string.Create(CultureInfo.InvariantCulture, $"epsilon {record.Epsilon:G4} at delta {record.Delta:G3}") : "no differential privacy";
            invocation.Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{record.Started.UtcDateTime:yyyy-MM-dd HH:mm}  {record.Task}, round {record.Round}: {Name(record.Status)}{(record.Reason is null ? "" : $" ({record.Reason})")}; {cost}; receipt {record.ConsentReceipt}"));
        }

        invocation.Note(records.Count == 0 ? "This device has taken part in no round." : string.Create(CultureInfo.InvariantCulture,
            $"{records.Count} participations. All {budget.Spends} charges of the device's privacy ledger together: epsilon {budget.EpsilonTotal:G4} at delta {delta:G3}."));
    }

    private static string Name(ParticipationStatus status) => status switch
    {
        ParticipationStatus.Contributed => "contributed",
        ParticipationStatus.Dropped => "dropped",
        ParticipationStatus.Refused => "refused",
        ParticipationStatus.Withdrawn => "withdrawn",
        ParticipationStatus.Failed => "failed",
        _ => "unfinished",
    };

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);
}

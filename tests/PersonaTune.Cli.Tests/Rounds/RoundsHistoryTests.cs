using System.Text.Json;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Tests.Running;
using PersonaTune.Device.Consent;
using PersonaTune.Device.Federation;
using PersonaTune.Device.Keys;
using PersonaTune.Device.Storage;
using PersonaTune.Privacy.Accounting;
using PersonaTune.Privacy.Budget;

namespace PersonaTune.Cli.Tests.Rounds;

public sealed class RoundsHistoryTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_the_device_contributed_is_listed_with_its_outcome_and_stays_when_the_user_is_forgotten()
    {
        (await ToolRun.RunAsync("store", "add", "--text", "a secret", "--store", _folder["store"], "--key-file", _folder["key"])).Expect(ExitCode.Success);
        await FillAsync();
        (await ToolRun.RunAsync("store", "forget", "--everything", "--yes", "--store", _folder["store"], "--key-file", _folder["key"])).Expect(ExitCode.Success);

        var json = (await RunAsync("--json")).Expect(ExitCode.Success).Json();
        var participations = json.GetProperty("participations").EnumerateArray().ToList();
        Assert.Equal(["contributed", "dropped", "withdrawn", "unfinished"], participations.Select(item => item.GetProperty("outcome").GetString()));
        Assert.Equal([null, "late", "consent-ended", null], participations.Select(item => item.GetProperty("reason").GetString()));
        var first = participations[0];
        Assert.Equal(("keyboard", 7, new string('1', 32)), (first.GetProperty("task").GetString(), first.GetProperty("round").GetInt32(), first.GetProperty("consentReceipt").GetString()));
        Assert.Equal((0.5, 1e-6), (first.GetProperty("epsilon").GetDouble(), first.GetProperty("delta").GetDouble()));
        Assert.Equal("2026-03-01T12:05:00.0000000Z", first.GetProperty("ended").GetString());
        Assert.Equal(JsonValueKind.Null, participations[1].GetProperty("epsilon").ValueKind); // no differential privacy
        Assert.Equal(JsonValueKind.Null, participations[3].GetProperty("ended").ValueKind);

        var ledger = json.GetProperty("ledger");
        Assert.Equal((1, 1e-5), (ledger.GetProperty("spends").GetInt32(), ledger.GetProperty("delta").GetDouble()));
        Assert.Equal(TaskCost.Accountant().Compose(new GaussianEvent(4), 1).GetEpsilon(1e-5), ledger.GetProperty("epsilon").GetDouble());
        var looser = (await RunAsync("--json", "--delta", "1e-3")).Expect(ExitCode.Success).Json().GetProperty("ledger").GetProperty("epsilon").GetDouble();
        Assert.True(looser < ledger.GetProperty("epsilon").GetDouble());

        Assert.Single((await RunAsync("--json", "--task", "other")).Expect(ExitCode.Success).Json().GetProperty("participations").EnumerateArray());
        var text = (await RunAsync()).Expect(ExitCode.Success);
        Assert.Contains("2026-03-01 12:00  keyboard, round 7: contributed; epsilon 0.5 at delta 1E-06; receipt 1111", text.Out, StringComparison.Ordinal);
        Assert.Contains("dropped (late); no differential privacy", text.Out, StringComparison.Ordinal);
        Assert.Contains("withdrawn (consent-ended); cost nothing", text.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", text.Out + text.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_without_participations_says_so_and_none_is_made_by_asking()
    {
        (await RunAsync()).Expect(ExitCode.NothingToDo);
        Assert.False(Directory.Exists(_folder["store"]));
        (await ToolRun.RunAsync("store", "add", "--text", "hello", "--store", _folder["store"], "--key-file", _folder["key"])).Expect(ExitCode.Success);
        Assert.Contains("no round", (await RunAsync()).Expect(ExitCode.Success).Error, StringComparison.Ordinal);
        Assert.Empty((await RunAsync("--json")).Expect(ExitCode.Success).Json().GetProperty("participations").EnumerateArray());
        (await RunAsync("--delta", "1")).Expect(ExitCode.Usage);
    }

    private async Task FillAsync()
    {
        using var protector = KeyFileProtector.Open(_folder["key"]);
        await using var store = await SealedStore.OpenAsync(new SealedStoreOptions { Folder = _folder["store"] }, protector);
        var log = await SealedParticipationLog.OpenAsync(store);
        log.Save(Record('a', 0, ParticipationStatus.Contributed, null) with { Epsilon = 0.5 });
        log.Save(Record('b', 1, ParticipationStatus.Dropped, "late") with { Epsilon = double.PositiveInfinity });
        log.Save(Record('c', 2, ParticipationStatus.Withdrawn, "consent-ended") with { Task = "other" });
        log.Save(Record('d', 3, ParticipationStatus.Unfinished, null) with { Ended = null });
        using var ledger = await PrivacyLedger.OpenAsync(new SealedLedgerStore(store), new PrivacyBudgetPolicy { Delta = 1e-5, TotalEpsilon = 8 }, new PrivacyLedgerOptions { Accountant = _ => TaskCost.Accountant() });
        await ledger.SpendAsync(new SpendRequest(FederatedClientSource.BudgetPurpose, "task keyboard, round 7", new GaussianEvent(4)));
    }

    private static ParticipationRecord Record(char id, int hour, ParticipationStatus status, string? reason) => new(
        new string(id, 32), "keyboard", 7 + hour, Noon.AddHours(hour), Noon.AddHours(hour).AddMinutes(5), new string('1', 32), 0, 1e-6, status, reason);

    private Task<ToolResult> RunAsync(params string[] args) => ToolRun.RunAsync(["rounds", "history", .. args, "--store", _folder["store"], "--key-file", _folder["key"]]);
}

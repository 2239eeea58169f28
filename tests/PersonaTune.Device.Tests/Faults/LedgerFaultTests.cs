using System.Globalization;
using PersonaTune.Device.Consent;
using PersonaTune.FaultProbe;
using PersonaTune.Privacy.Accounting;
using PersonaTune.Privacy.Budget;
using Xunit.Abstractions;

namespace PersonaTune.Device.Tests.Faults;

/// <summary>A child process is killed with SIGKILL while it spends privacy budget.</summary>
public sealed class LedgerFaultTests(ITestOutputHelper output) : IDisposable
{
    private const int Kills = 50;
    private readonly string _folder = Directory.CreateTempSubdirectory("personatune-ledger-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    [Trait("Duration", "Long")]
    public async Task Killing_a_spender_loses_no_acknowledged_spend_and_breaks_no_chain()
    {
        var random = new Random(4);
        var expected = new List<string>();
        var unfinished = 0;
        for (var run = 0; run < Kills; run++)
        {
            var lines = await ProbeProcess.RunAndKillAsync(random.Next(8), TimeSpan.FromMilliseconds(random.NextDouble() * 20), "spend", _folder,
                run.ToString(CultureInfo.InvariantCulture));
            expected.AddRange(lines.Where(l => l.StartsWith("ack ", StringComparison.Ordinal)).Select(l => l.Split(' ')[2]));
            var maybe = lines.LastOrDefault() is { } last && last.StartsWith("try ", StringComparison.Ordinal) ? last.Split(' ')[2] : null;
            if (maybe is not null) unfinished++;

            await using var store = await ProbeStore.OpenAsync(_folder);
            using var ledger = await PrivacyLedger.OpenAsync(new SealedLedgerStore(store), new PrivacyBudgetPolicy { Delta = 1e-6, TotalEpsilon = 100 },
                new PrivacyLedgerOptions { Accountant = static relation => new RdpAccountant(relation) });
            var found = (await ledger.ReadAsync()).Select(e => e.Reference).ToList();
            // The spend under way when the kill came may be recorded; then it counts.
            if (found.Count == expected.Count + 1 && maybe is not null) expected.Add(maybe);
            Assert.Equal(expected, found);
            Assert.Equal(expected.Count, (await ledger.GetStatusAsync()).Spends);
        }

        output.WriteLine($"{Kills} kills, {expected.Count} spends, {unfinished} kills inside a spend");
        Assert.True(expected.Count > Kills && unfinished > Kills / 10, "the kills came too early or too late to show anything");
    }
}

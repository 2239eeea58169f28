using System.Globalization;
using PersonaTune.Device.Consent;
using PersonaTune.Privacy.Accounting;
using PersonaTune.Privacy.Budget;

namespace PersonaTune.FaultProbe;

/// <summary>Spends privacy budget over and over. Arguments: folder, run. Operations: <c>spend REFERENCE</c>.</summary>
internal static class SpendCommand
{
    public static async Task RunAsync(string[] arguments)
    {
        await using var store = await ProbeStore.OpenAsync(arguments[0]);
        using var ledger = await OpenAsync(store);
        Protocol.Ready();
        for (var n = 0; ; n++)
        {
            var reference = string.Create(CultureInfo.InvariantCulture, $"{arguments[1]}:{n}");
            Protocol.Try($"spend {reference}");
            await ledger.SpendAsync(new SpendRequest("rounds", reference, new ZcdpEvent(1e-6, 0)));
            Protocol.Acknowledge($"spend {reference}");
        }
    }

    private static Task<PrivacyLedger> OpenAsync(Device.Storage.SealedStore store) => PrivacyLedger.OpenAsync(new SealedLedgerStore(store),
        new PrivacyBudgetPolicy { Delta = 1e-6, TotalEpsilon = 100 },
        new PrivacyLedgerOptions { Accountant = static relation => new RdpAccountant(relation) });
}

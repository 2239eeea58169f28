using System.Globalization;
using PersonaTune.Device.Storage;

namespace PersonaTune.FaultProbe;

/// <summary>Fills and forgets one user after another. Arguments: folder, run. Operation: <c>forget USER</c>.</summary>
internal static class ForgetCommand
{
    public static async Task RunAsync(string[] arguments)
    {
        await using var store = await ProbeStore.OpenAsync(arguments[0]);
        Protocol.Ready();
        for (var n = 0; ; n++)
        {
            var user = $"user-{arguments[1]}-{n.ToString(CultureInfo.InvariantCulture)}";
            await store.Examples.AddRangeAsync(user, "messages", [.. Enumerable.Range(0, 5).Select(i => NewExample.FromText($"{i}", ProbeStore.Noon))]);
            Protocol.Try($"forget {user}");
            await store.ForgetAsync(user);
            Protocol.Acknowledge($"forget {user}");
        }
    }
}

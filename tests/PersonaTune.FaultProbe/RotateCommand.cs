using System.Globalization;
using PersonaTune.Device.Storage;

namespace PersonaTune.FaultProbe;

/// <summary>Rotates the master key and the records' keys in turn. Argument: folder. Operation: <c>SCOPE EPOCH</c>.</summary>
internal static class RotateCommand
{
    public static async Task RunAsync(string[] arguments)
    {
        await using var store = await ProbeStore.OpenAsync(arguments[0]);
        Protocol.Ready();
        while (true)
        {
            foreach (var scope in (RotationScope[])[RotationScope.Records, RotationScope.MasterKey])
            {
                Protocol.Try($"{scope}");
                await store.RotateAsync(scope);
                Protocol.Acknowledge($"{scope} {store.Keyring.MasterEpoch.ToString(CultureInfo.InvariantCulture)}");
            }
        }
    }
}

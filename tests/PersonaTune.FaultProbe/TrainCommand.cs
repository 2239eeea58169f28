namespace PersonaTune.FaultProbe;

/// <summary>
/// Trains run after run. Arguments: folder, model file. Operations: <c>step</c>, acknowledged as it is taken, and
/// <c>run NUMBER STATUS DIGEST RESUMED</c>.
/// </summary>
internal static class TrainCommand
{
    public static async Task RunAsync(string[] arguments)
    {
        await using var store = await ProbeStore.OpenAsync(arguments[0]);
        using var personalizer = new ProbePersonalizer(store, arguments[1]);
        Protocol.Ready();
        while (true)
        {
            var (result, resumed) = await personalizer.RunAsync(await personalizer.NextRunAsync(), () => Protocol.Acknowledge("step"));
            Protocol.Acknowledge($"run {result} {resumed}");
        }
    }
}

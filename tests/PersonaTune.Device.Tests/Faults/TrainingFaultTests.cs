using System.Globalization;
using PersonaTune.Device.Adapters;
using PersonaTune.FaultProbe;
using Xunit.Abstractions;

namespace PersonaTune.Device.Tests.Faults;

/// <summary>A child process is killed with SIGKILL while it trains, and while it promotes adapters; seeded generators choose the moments.</summary>
public sealed class TrainingFaultTests(ITestOutputHelper output) : IDisposable
{
    private const int Kills = 50;
    private static readonly string Model = SharedData.Reference("models", "llama.gguf");
    private readonly string _folder = Directory.CreateTempSubdirectory("personatune-fault-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    [Trait("Duration", "Long")]
    public async Task Training_that_is_killed_again_and_again_gives_the_same_bits_as_undisturbed_training()
    {
        var killed = Path.Combine(_folder, "killed");
        await using (var store = await ProbeStore.OpenAsync(killed)) await ProbePersonalizer.FillAsync(store);
        var random = new Random(4);
        var results = new List<string>();
        var (steps, resumed) = (0, 0);
        for (var kill = 0; kill < Kills; kill++)
        {
            var lines = await ProbeProcess.RunAndKillAsync(random.Next(1, 30), TimeSpan.FromMilliseconds(random.NextDouble() * 20), "train", killed, Model);
            steps += lines.Count(line => line is "ack step");
            foreach (var line in lines.Where(line => line.StartsWith("ack run ", StringComparison.Ordinal)))
            {
                var parts = line.Split(' ');
                results.Add(string.Join(' ', parts[2..5]));
                if (parts[5] == "True") resumed++;
            }
            await using var store = await ProbeStore.OpenAsync(killed);
            using var personalizer = new ProbePersonalizer(store, Model);
            var entries = await personalizer.Library.ListAsync(ProbePersonalizer.User);
            foreach (var entry in entries.Where(entry => entry.HasWeights)) await personalizer.Library.ReadWeightsAsync(ProbePersonalizer.User, entry.Id);
            if (results.Count > 0) Assert.Contains(results[^1].Split(' ')[2], entries.Select(entry => entry.Manifest.WeightsDigest));
        }
        // The run that the last kill interrupted is finished here.
        await using (var store = await ProbeStore.OpenAsync(killed))
        {
            using var personalizer = new ProbePersonalizer(store, Model);
            results.Add((await personalizer.RunAsync(await personalizer.NextRunAsync())).Result);
        }

        await using var undisturbed = await ProbeStore.OpenAsync(Path.Combine(_folder, "undisturbed"));
        await ProbePersonalizer.FillAsync(undisturbed);
        using var reference = new ProbePersonalizer(undisturbed, Model);
        var expected = new Dictionary<string, string>(StringComparer.Ordinal);
        var last = int.Parse(results[^1].Split(' ')[0], CultureInfo.InvariantCulture);
        for (var run = 0; run <= last; run++)
        {
            var result = (await reference.RunAsync(run)).Result;
            expected.Add(result.Split(' ')[0], result);
        }
        foreach (var result in results) Assert.Equal(expected[result.Split(' ')[0]], result);
        var promoted = results.Count(result => result.Contains("Promoted", StringComparison.Ordinal));
        output.WriteLine($"{Kills} kills, {steps} steps, {results.Count} runs compared of {last + 1}, {resumed} of them resumed, {promoted} promoted");
        Assert.True(resumed >= 5 && promoted >= 2, $"{resumed} resumed and {promoted} promoted runs are too few to show anything");
    }

    [Fact]
    [Trait("Duration", "Long")]
    public async Task Killing_promotions_and_rollbacks_leaves_the_library_before_or_after()
    {
        var random = new Random(5);
        var (acknowledged, unfinished) = (0, 0);
        for (var kill = 0; kill < Kills; kill++)
        {
            var lines = await ProbeProcess.RunAndKillAsync(random.Next(8), TimeSpan.FromMilliseconds(random.NextDouble() * 20), "promote", _folder,
                random.Next().ToString(CultureInfo.InvariantCulture), kill.ToString(CultureInfo.InvariantCulture));
            await using var store = await ProbeStore.OpenAsync(_folder);
            using var library = new AdapterLibrary(store);
            var entries = await library.ListAsync(ProbePersonalizer.User);
            foreach (var entry in entries.Where(entry => entry.HasWeights))
                Assert.Equal(PromoteCommand.Weights(entry.Id), (await library.ReadWeightsAsync(ProbePersonalizer.User, entry.Id)).ToArray());
            var active = (await library.GetActiveAsync(ProbePersonalizer.User))?.Id;

            acknowledged += lines.Count(line => line.StartsWith("ack ", StringComparison.Ordinal));
            var operation = lines.LastOrDefault(line => line.StartsWith("try ", StringComparison.Ordinal));
            var done = lines.LastOrDefault() is { } last && last.StartsWith("ack ", StringComparison.Ordinal);
            if (operation is not null && !done) unfinished++;
            var promoted = lines.Where(line => line.StartsWith("ack promote ", StringComparison.Ordinal)).Select(line => line.Split(' ')[2]).ToList();
            switch (operation?.Split(' '))
            {
                case null:
                    break;
                case ["try", "add", var id]:
                    if (done) Assert.Contains(id, entries.Select(entry => entry.Id));
                    Assert.NotEqual(id, active);
                    break;
                case ["try", "promote", var id]:
                    // An adapter whose storing was acknowledged is there, promoted or not.
                    Assert.Contains(id, entries.Select(entry => entry.Id));
                    if (done) Assert.Equal(id, active);
                    break;
                case ["try", "rollback"]:
                    if (done) Assert.NotEqual(promoted[^1], active);
                    else Assert.Contains(promoted[^1], entries.Select(entry => entry.Id));
                    break;
                case ["try", "delete", var id]:
                    if (done) Assert.DoesNotContain(id, entries.Select(entry => entry.Id));
                    else Assert.Equal(entries.Any(entry => entry.Id == id), active == id);
                    break;
            }
            if (active is not null) Assert.Equal(AdapterState.Active, entries.Single(entry => entry.Id == active).State);
        }
        output.WriteLine($"{Kills} kills, {acknowledged} acknowledged operations, {unfinished} kills inside an operation");
        Assert.True(acknowledged > Kills && unfinished > Kills / 10, "the kills came too early or too late to show anything");
    }
}

using System.Globalization;
using System.Text;
using PersonaTune.Device.Storage;
using PersonaTune.FaultProbe;
using Xunit.Abstractions;

namespace PersonaTune.Device.Tests.Faults;

/// <summary>A child process is killed with SIGKILL while it works on a store; a seeded generator chooses after how many operations, and how long into the next.</summary>
public sealed class StoreFaultTests(ITestOutputHelper output) : IDisposable
{
    private const int Kills = 50;
    private readonly string _folder = Directory.CreateTempSubdirectory("personatune-fault-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    [Trait("Duration", "Long")]
    public async Task Killing_store_writes_loses_nothing_acknowledged()
    {
        var random = new Random(1);
        var expected = new SortedSet<string>(StringComparer.Ordinal);
        string? value = null;
        var (acknowledged, unfinished) = (0, 0);
        for (var run = 0; run < Kills; run++)
        {
            var lines = await ProbeProcess.RunAndKillAsync(random.Next(8), Delay(random), "writes", _folder,
                random.Next().ToString(CultureInfo.InvariantCulture), run.ToString(CultureInfo.InvariantCulture));
            foreach (var line in lines.Where(l => l.StartsWith("ack ", StringComparison.Ordinal)))
            {
                Apply(line[4..], expected, ref value);
                acknowledged++;
            }
            // The operation under way when the kill came may have happened, whole, or not at all.
            var maybe = new SortedSet<string>(expected, StringComparer.Ordinal);
            var maybeValue = value;
            if (lines.LastOrDefault() is { } last && last.StartsWith("try ", StringComparison.Ordinal))
            {
                Apply(last[4..], maybe, ref maybeValue);
                unfinished++;
            }

            await using var store = await ProbeStore.OpenAsync(_folder); // also verifies the authenticated state
            var found = new SortedSet<string>(StringComparer.Ordinal);
            await foreach (var example in store.Examples.ListAsync("ada", "messages")) Assert.True(found.Add(example.Text));
            var blob = await store.Blobs.GetAsync("ada", "values", "state");
            var foundValue = blob is null ? null : Encoding.UTF8.GetString(blob.Content.Span).TrimEnd();
            var without = found.SetEquals(expected) && string.Equals(foundValue, value, StringComparison.Ordinal);
            var with = found.SetEquals(maybe) && string.Equals(foundValue, maybeValue, StringComparison.Ordinal);
            Assert.True(without || with, $"run {run}: the store is neither as acknowledged nor as after '{lines.LastOrDefault()}'");
            (expected, value) = (found, foundValue);
        }
        output.WriteLine($"{Kills} kills, {acknowledged} acknowledged operations, {unfinished} kills inside an operation, {expected.Count} examples");
        Assert.True(acknowledged > Kills && unfinished > Kills / 10, "the kills came too early or too late to show anything");
    }

    [Fact]
    [Trait("Duration", "Long")]
    public async Task Killing_key_rotation_loses_nothing_and_the_rotation_is_finished_later()
    {
        var texts = Enumerable.Range(0, 100).Select(i => $"example {i}").ToList();
        await using (var store = await ProbeStore.OpenAsync(_folder))
        {
            await store.Examples.AddRangeAsync("ada", "messages", [.. texts.Select(t => NewExample.FromText(t, ProbeStore.Noon))]);
            await store.Blobs.PutAsync("bob", "values", "state", new byte[50_000]);
        }
        var random = new Random(2);
        uint epoch = 1;
        var (acknowledged, pending) = (0, 0);
        for (var run = 0; run < Kills; run++)
        {
            var lines = await ProbeProcess.RunAndKillAsync(random.Next(3), Delay(random), "rotate", _folder);
            foreach (var line in lines.Where(l => l.StartsWith("ack ", StringComparison.Ordinal)))
            {
                epoch = uint.Parse(line.Split(' ')[2], CultureInfo.InvariantCulture);
                acknowledged++;
            }

            await using var store = await ProbeStore.OpenAsync(_folder);
            Assert.True(store.Keyring.MasterEpoch >= epoch, $"run {run}: master epoch {store.Keyring.MasterEpoch} is older than the acknowledged {epoch}");
            await CheckAsync(store);
            if (!store.Keyring.RotationPending) continue;
            pending++;
            if (run % 2 == 0) continue; // left for the next probe's rotation to finish
            Assert.True(await store.ResumeRotationAsync());
            Assert.False(store.Keyring.RotationPending);
            await CheckAsync(store);
        }
        output.WriteLine($"{Kills} kills, {acknowledged} acknowledged rotations, {pending} rotations found unfinished, master epoch {epoch}");
        Assert.True(pending > Kills / 10, "the kills came too early or too late to show anything");

        async Task CheckAsync(SealedStore store)
        {
            Assert.Equal(texts, (await store.Examples.ListAsync("ada", "messages").ToListAsync()).Select(e => e.Text));
            Assert.Equal(50_000, (await store.Blobs.GetAsync("bob", "values", "state"))!.Content.Length);
        }
    }

    [Fact]
    [Trait("Duration", "Long")]
    public async Task Killing_forgetting_leaves_the_user_whole_or_gone()
    {
        await using (var store = await ProbeStore.OpenAsync(_folder))
            await store.Examples.AddAsync("ada", "messages", "stays"u8.ToArray(), ExampleKind.Text, ProbeStore.Noon);
        var random = new Random(3);
        for (var run = 0; run < 15; run++)
        {
            var lines = await ProbeProcess.RunAndKillAsync(random.Next(3), Delay(random), "forget", _folder, run.ToString(CultureInfo.InvariantCulture));
            await using var store = await ProbeStore.OpenAsync(_folder);
            foreach (var line in lines.Where(l => l.StartsWith("ack ", StringComparison.Ordinal)))
                Assert.DoesNotContain(line.Split(' ')[2], store.Users);
            foreach (var user in store.Users.Where(u => !string.Equals(u, "ada", StringComparison.Ordinal)))
                Assert.True(await store.Examples.CountAsync(user, "messages") is 0 or 5);
            Assert.Equal(1, await store.Examples.CountAsync("ada", "messages"));
            foreach (var user in store.Users.Where(u => !string.Equals(u, "ada", StringComparison.Ordinal))) await store.ForgetAsync(user);
            Assert.Equal(2, (await store.StatisticsAsync()).Records); // her example and her catalog
        }
    }

    private static TimeSpan Delay(Random random) => TimeSpan.FromMilliseconds(random.NextDouble() * 20);

    private static void Apply(string operation, SortedSet<string> texts, ref string? value)
    {
        var parts = operation.Split(' ', 2);
        switch (parts[0])
        {
            case "add": Assert.True(texts.Add(parts[1])); break;
            case "range": foreach (var text in parts[1].Split(',')) Assert.True(texts.Add(text)); break;
            case "delete": Assert.True(texts.Remove(parts[1])); break;
            case "put": value = parts[1]; break;
            default: throw new InvalidOperationException($"unknown operation '{operation}'");
        }
    }
}

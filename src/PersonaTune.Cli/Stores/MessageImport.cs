using PersonaTune.Device.Keyboard;
using PersonaTune.Device.Storage;

namespace PersonaTune.Cli.Stores;

/// <summary>
/// Puts messages into the store. A file that is imported again after it grew adds only what is new: a message counts as known as often
/// as the store holds its text (and its time, where the file gives one).
/// </summary>
internal static class MessageImport
{
    public const string Collection = "messages";

    public static async Task<ImportResult> AddAsync(SealedStore store, string user, IReadOnlyList<FileMessage> messages, bool again, TimeProvider clock, CancellationToken cancellation)
    {
        var known = again ? [] : await KnownAsync(store, user, cancellation);
        var fresh = messages.Where(message => !Take(known, message)).ToList();
        if (fresh.Count == 0) return new ImportResult(0, messages.Count);

        // Messages without a time keep the order of their file, the last one now: the split into training and validation goes by time.
        var now = clock.GetUtcNow();
        var examples = fresh.Select((message, i) => NewExample.FromText(message.Text, message.Time ?? now.AddMilliseconds(i - fresh.Count))).ToList();
        await store.Examples.AddRangeAsync(user, Collection, examples, cancellation);
        return new ImportResult(fresh.Count, messages.Count - fresh.Count);
    }

    private static async Task<Dictionary<string, List<DateTimeOffset>>> KnownAsync(SealedStore store, string user, CancellationToken cancellation)
    {
        var known = new Dictionary<string, List<DateTimeOffset>>(StringComparer.Ordinal);
        await foreach (var example in store.Examples.ListAsync(user, Collection, cancellation))
        {
            if (example.Kind is not (ExampleKind.Text or ExampleKind.AcceptedText)) continue;
            if (!known.TryGetValue(example.Text, out var times)) known[example.Text] = times = [];
            times.Add(example.Time);
        }

        return known;
    }

    private static bool Take(Dictionary<string, List<DateTimeOffset>> known, FileMessage message)
    {
        if (!known.TryGetValue(message.Text, out var times)) return false;
        var at = message.Time is { } time ? times.IndexOf(time) : times.Count - 1;
        if (at < 0) return false;
        times.RemoveAt(at);
        return true;
    }
}

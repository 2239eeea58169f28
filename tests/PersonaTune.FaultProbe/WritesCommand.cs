using System.Globalization;
using System.Text;
using PersonaTune.Device.Storage;

namespace PersonaTune.FaultProbe;

/// <summary>
/// Adds, deletes and replaces. Arguments: folder, seed, run. Operations: <c>add TEXT</c>, <c>range TEXT,TEXT,TEXT</c>,
/// <c>delete TEXT</c> (of this run), <c>put VALUE</c> (the value named "state").
/// </summary>
internal static class WritesCommand
{
    public static async Task RunAsync(string[] arguments)
    {
        var (folder, seed, run) = (arguments[0], int.Parse(arguments[1], CultureInfo.InvariantCulture), arguments[2]);
        var random = new Random(seed);
        await using var store = await ProbeStore.OpenAsync(folder);
        var live = new List<(RecordId Id, string Text)>();
        Protocol.Ready();
        for (var n = 0; ; n++)
        {
            var text = $"{run}:{n}";
            switch (random.Next(5))
            {
                case 0 or 1:
                    Protocol.Try($"add {text}");
                    live.Add((await store.Examples.AddAsync("ada", "messages", Encoding.UTF8.GetBytes(text), ExampleKind.Text, ProbeStore.Noon), text));
                    Protocol.Acknowledge($"add {text}");
                    break;
                case 2:
                    string[] texts = [$"{text}a", $"{text}b", $"{text}c"];
                    Protocol.Try($"range {string.Join(',', texts)}");
                    var ids = await store.Examples.AddRangeAsync("ada", "messages", [.. texts.Select(t => NewExample.FromText(t, ProbeStore.Noon))]);
                    Protocol.Acknowledge($"range {string.Join(',', texts)}");
                    live.AddRange(ids.Zip(texts));
                    break;
                case 3 when live.Count > 0:
                    var (id, old) = live[^1];
                    live.RemoveAt(live.Count - 1);
                    Protocol.Try($"delete {old}");
                    await store.Examples.DeleteAsync("ada", "messages", [id]);
                    Protocol.Acknowledge($"delete {old}");
                    break;
                default:
                    Protocol.Try($"put {text}");
                    await store.Blobs.PutAsync("ada", "values", "state", Encoding.UTF8.GetBytes(text.PadRight(20_000)));
                    Protocol.Acknowledge($"put {text}");
                    break;
            }
        }
    }
}

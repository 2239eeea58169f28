using System.Buffers;
using System.Text.Json;
using PersonaTune.Privacy.Accounting;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Privacy.Budget;

/// <summary>
/// A ledger as JSON lines that anyone can read and verify: <c>{"index", "kind", "time", "purpose", "reference", "event", "entry"}</c>, where
/// "event" is a readable description and "entry" the chained bytes in base64, which alone are verified. Thread-safe.
/// </summary>
public static class LedgerExport
{
    /// <summary>Writes all entries of a store; returns the head that they end in.</summary>
    /// <exception cref="TamperedException">The store holds a broken chain.</exception>
    public static async Task<LedgerHead> WriteAsync(IPrivacyLedgerStore store, Stream destination, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(destination);
        var head = new LedgerHead(0, new byte[LedgerCodec.HashBytes]);
        await foreach (var encoded in store.ReadAsync(0, cancellationToken).ConfigureAwait(false))
        {
            var entry = LedgerCodec.Decode(head.Count, head.Hash.Span, encoded.Span);
            head = new LedgerHead(entry.Index + 1, entry.Hash);
            await destination.WriteAsync(Line(entry, encoded.Span), cancellationToken).ConfigureAwait(false);
        }

        await destination.FlushAsync(cancellationToken).ConfigureAwait(false);
        return head;
    }

    /// <summary>Reads and verifies an export. <paramref name="expected"/> is the head as known from elsewhere, or null: then a cut-off end goes unseen.</summary>
    /// <exception cref="TamperedException">A line is malformed, an entry was altered or is missing, or the end is not the expected one.</exception>
    public static IReadOnlyList<LedgerEntry> Read(Stream export, LedgerHead? expected = null)
    {
        ArgumentNullException.ThrowIfNull(export);
        const string Subject = "privacy ledger export";
        var entries = new List<LedgerEntry>();
        ReadOnlyMemory<byte> hash = new byte[LedgerCodec.HashBytes];
        using var reader = new StreamReader(export, leaveOpen: true);
        try
        {
            while (reader.ReadLine() is { } line)
            {
                using var json = JsonDocument.Parse(line);
                var entry = LedgerCodec.Decode(entries.Count, hash.Span, json.RootElement.GetProperty("entry").GetBytesFromBase64());
                hash = entry.Hash;
                entries.Add(entry);
            }
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or FormatException or InvalidOperationException)
        {
            throw new TamperedException(Subject, $"line {entries.Count + 1} is not what an export holds", e);
        }

        if (expected is not null && (expected.Count != entries.Count || !expected.Hash.Span.SequenceEqual(hash.Span)))
            throw new TamperedException(Subject, $"it ends after {entries.Count} entries in another hash than expected; entries were cut off or exchanged");
        return entries;
    }

    private static ReadOnlyMemory<byte> Line(LedgerEntry entry, ReadOnlySpan<byte> encoded)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteNumber("index"u8, entry.Index);
            writer.WriteString("kind"u8, entry.Kind switch
            {
                LedgerEntryKind.Spend => "spend",
                LedgerEntryKind.Released => "released",
                _ => "abandoned",
            });
            writer.WriteString("time"u8, entry.Time);
            writer.WriteString("purpose"u8, entry.Purpose);
            writer.WriteString("reference"u8, entry.Reference);
            if (entry.Event is not NoEvent) writer.WriteString("event"u8, entry.Event.ToString());
            writer.WriteBase64String("entry"u8, encoded);
            writer.WriteEndObject();
        }

        buffer.Write("\n"u8);
        return buffer.WrittenMemory;
    }
}

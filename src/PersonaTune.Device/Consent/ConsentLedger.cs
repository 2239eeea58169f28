using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using PersonaTune.Device.Keys;
using PersonaTune.Device.Storage;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Device.Consent;

/// <summary>
/// The consents of each user: append-only, a hash chain for each user, sealed in the store under the user's key and signed entry
/// by entry by the device's key. Forgetting the user removes the user's ledger too. Thread-safe.
/// </summary>
/// <remarks>
/// An entry is index 8, kind 1, UTC ticks 8, hash of the entry before 32 (zeros for the first), receipt, receipt's signature, then
/// the device's signature of all of that; its hash is SHA-256 of the same bytes. A missing, exchanged or altered entry breaks the
/// chain; a removed last entry is noticed by the store's authenticated state.
/// </remarks>
public sealed class ConsentLedger(SealedStore store, TimeProvider time) : IDisposable
{
    private const string Collection = "consent ledger";
    private const int HashBytes = 32;
    private readonly SemaphoreSlim _appending = new(1, 1);

    /// <inheritdoc/>
    public void Dispose() => _appending.Dispose();

    /// <summary>Issues a receipt for <paramref name="terms"/>, signed by the device's key, and records it durably.</summary>
    /// <exception cref="ArgumentException">The terms are malformed or expire in the past.</exception>
    public async Task<ConsentReceipt> GiveAsync(ConsentTerms terms, CancellationToken cancellationToken = default)
    {
        var receipt = ConsentReceipt.Issue(terms, store.Keyring.Identity, time);
        await AppendAsync(ConsentEntryKind.Given, receipt, cancellationToken).ConfigureAwait(false);
        return receipt;
    }

    /// <summary>
    /// Records durably that the user does not, or no longer, consent to a purpose; returns whether a receipt was withdrawn. Where
    /// none was given a refusal is recorded, with a receipt that has expired from the start, so that implicit consent ends too.
    /// </summary>
    public async Task<bool> WithdrawAsync(string user, ConsentPurpose purpose, string collection, CancellationToken cancellationToken = default)
    {
        var last = (await ReadAsync(user, cancellationToken).ConfigureAwait(false)).LastOrDefault(e =>
            e.Receipt.Terms.Purpose == purpose && string.Equals(e.Receipt.Terms.Collection, collection, StringComparison.Ordinal));
        if (last is { Kind: ConsentEntryKind.Withdrawn }) return false;
        var expired = new ConsentTerms(user, purpose, collection, ReadOnlyMemory<byte>.Empty, 0, 0, time.GetUtcNow());
        var receipt = last?.Receipt ?? ConsentReceipt.IssueRefusal(expired, store.Keyring.Identity);
        await AppendAsync(ConsentEntryKind.Withdrawn, receipt, cancellationToken).ConfigureAwait(false);
        return last is not null;
    }

    /// <summary>All entries of a user in order; chain and signatures are verified.</summary>
    /// <exception cref="TamperedException">An entry was altered, or the chain is broken.</exception>
    public async Task<IReadOnlyList<ConsentEntry>> ReadAsync(string user, CancellationToken cancellationToken = default)
    {
        StoreNames.Check(user, nameof(user));
        return Verify(await RawAsync(user, cancellationToken).ConfigureAwait(false), store.Keyring.Identity.PublicKey.Span);
    }

    /// <summary>
    /// Writes a user's ledger as JSON lines: first <c>{"publicKey"}</c>, then <c>{"index", "kind", "time", "purpose", "collection",
    /// "entry"}</c> with the signed bytes in base64. <see cref="VerifyExport"/> checks it anywhere. Returns the number of entries.
    /// </summary>
    public async Task<long> ExportAsync(string user, Stream destination, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(destination);
        StoreNames.Check(user, nameof(user));
        var raw = await RawAsync(user, cancellationToken).ConfigureAwait(false);
        var entries = Verify(raw, store.Keyring.Identity.PublicKey.Span);
        await destination.WriteAsync(Line(writer => writer.WriteBase64String("publicKey"u8, store.Keyring.Identity.PublicKey.Span)), cancellationToken).ConfigureAwait(false);
        foreach (var entry in entries)
        {
            var line = Line(writer =>
            {
                writer.WriteNumber("index"u8, entry.Index);
                writer.WriteString("kind"u8, entry.Kind == ConsentEntryKind.Given ? "given" : "withdrawn");
                writer.WriteString("time"u8, entry.Time);
                writer.WriteString("purpose"u8, entry.Receipt.Terms.Purpose.ToString());
                writer.WriteString("collection"u8, entry.Receipt.Terms.Collection);
                writer.WriteBase64String("entry"u8, raw[(int)entry.Index]);
            });
            await destination.WriteAsync(line, cancellationToken).ConfigureAwait(false);
        }
        await destination.FlushAsync(cancellationToken).ConfigureAwait(false);
        return entries.Count;
    }

    /// <summary>Reads and verifies an export. <paramref name="expectedKey"/> is the device's key as known from elsewhere; the key in the export proves nothing.</summary>
    /// <exception cref="TamperedException">A line is malformed, an entry was altered or is missing, or the key is another one.</exception>
    public static IReadOnlyList<ConsentEntry> VerifyExport(Stream export, ReadOnlySpan<byte> expectedKey)
    {
        ArgumentNullException.ThrowIfNull(export);
        const string Subject = "consent export";
        var raw = new List<byte[]>();
        using var reader = new StreamReader(export, leaveOpen: true);
        try
        {
            for (var number = 0; reader.ReadLine() is { } line; number++)
            {
                using var json = JsonDocument.Parse(line);
                if (number > 0) raw.Add(json.RootElement.GetProperty("entry").GetBytesFromBase64());
                else if (!json.RootElement.GetProperty("publicKey").GetBytesFromBase64().AsSpan().SequenceEqual(expectedKey))
                    throw new TamperedException(Subject, "it states another device's key");
            }
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or FormatException or InvalidOperationException)
        {
            throw new TamperedException(Subject, "a line is not what an export holds", e);
        }
        return Verify(raw, expectedKey);
    }

    private async Task AppendAsync(ConsentEntryKind kind, ConsentReceipt receipt, CancellationToken cancellationToken)
    {
        await _appending.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var entries = await ReadAsync(receipt.Terms.User, cancellationToken).ConfigureAwait(false);
            using var writer = new SealWriter();
            writer.WriteInt64(entries.Count);
            writer.WriteByte((byte)kind);
            writer.WriteInt64(time.GetUtcNow().UtcTicks);
            writer.WriteFixed(entries.Count == 0 ? new byte[HashBytes] : entries[^1].Hash.Span);
            writer.WriteField(receipt.Encoded.Span);
            writer.WriteField(receipt.Signature.Span);
            writer.WriteField(store.Keyring.Identity.Sign(writer.Written));
            var put = new RecordPut(RecordId.Create(), RecordClass.Consent, Collection, writer.ToArray());
            await store.Layer.RunAsync(() => store.Layer.CommitCore(receipt.Terms.User, [put], []), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _appending.Release();
        }
    }

    /// <summary>The entries' bytes in order of their indices, because the database's order is not authenticated.</summary>
    private async Task<List<byte[]>> RawAsync(string user, CancellationToken cancellationToken)
    {
        var raw = new List<byte[]>();
        long after = 0;
        while (true)
        {
            var start = after;
            var page = await store.Layer.RunAsync(() => store.Layer.PageCore(user, RecordClass.Consent, Collection, start), cancellationToken).ConfigureAwait(false);
            raw.AddRange(page.Select(r => r.Plaintext));
            if (page.Count < store.Layer.PageSize) break;
            after = page[^1].Sequence;
        }
        raw.Sort(static (x, y) => Index(x).CompareTo(Index(y)));
        return raw;
    }

    private static long Index(byte[] raw) => raw.Length < 8 ? -1 : System.Buffers.Binary.BinaryPrimitives.ReadInt64LittleEndian(raw);

    private static List<ConsentEntry> Verify(List<byte[]> raw, ReadOnlySpan<byte> publicKey)
    {
        var entries = new List<ConsentEntry>(raw.Count);
        byte[] previous = new byte[HashBytes];
        foreach (var bytes in raw)
        {
            var subject = $"consent entry {entries.Count}";
            var reader = new SealReader(bytes, subject);
            var index = reader.ReadInt64();
            var kind = (ConsentEntryKind)reader.ReadByte();
            var ticks = reader.ReadInt64();
            var link = reader.ReadFixed(HashBytes);
            var receipt = reader.ReadField();
            var receiptSignature = reader.ReadField();
            var signed = bytes.AsSpan(0, bytes.Length - reader.Remaining);
            var signature = reader.ReadField();
            reader.End();
            if (!DeviceIdentity.Verify(publicKey, signed, signature))
                throw new TamperedException(subject, "its signature is not that of this device's key; it was altered");
            if (index != entries.Count || !link.SequenceEqual(previous))
                throw new TamperedException(subject, "it does not follow the entry before it; an entry is missing or was exchanged");
            if (!Enum.IsDefined(kind) || ticks < 0 || ticks > DateTimeOffset.MaxValue.Ticks) throw new TamperedException(subject, "its kind or time is unknown");
            previous = SHA256.HashData(signed);
            entries.Add(new ConsentEntry(index, kind, new DateTimeOffset(ticks, TimeSpan.Zero), ConsentReceipt.Read(receipt, receiptSignature, publicKey), previous));
        }
        return entries;
    }

    private static ReadOnlyMemory<byte> Line(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }
        buffer.Write("\n"u8);
        return buffer.WrittenMemory;
    }
}

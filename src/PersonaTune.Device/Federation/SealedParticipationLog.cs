using PersonaTune.Device.Storage;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Device.Federation;

/// <summary>
/// The records of participations in a sealed store. Like the privacy ledger they belong to the device and not to a user: forgetting a user keeps them, because what was released cannot be taken
/// back, and the receipts that they name are unreadable from then on. At most <see cref="MaximumRecords"/> are kept; of more, the oldest that cost nothing go first. Thread-safe; use one
/// instance a store.
/// </summary>
public sealed class SealedParticipationLog : IParticipationLog
{
    /// <summary>The most records that are kept.</summary>
    public const int MaximumRecords = 10_000;

    private const string Collection = "federation participations", Subject = "participation record";
    private readonly SealedStore _store;
    private readonly Lock _lock = new();
    private readonly List<ParticipationRecord> _records;
    private readonly HashSet<string> _running = new(StringComparer.Ordinal);
    private readonly int _most;

    private SealedParticipationLog(SealedStore store, List<ParticipationRecord> records, int most) => (_store, _records, _most) = (store, records, most);

    /// <summary>Opens the log of a store, which stays the caller's to dispose.</summary>
    /// <exception cref="TamperedException">A record was altered.</exception>
    public static Task<SealedParticipationLog> OpenAsync(SealedStore store, CancellationToken cancellationToken = default) => OpenAsync(store, MaximumRecords, cancellationToken);

    internal static async Task<SealedParticipationLog> OpenAsync(SealedStore store, int most, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        var records = new List<ParticipationRecord>();
        await foreach (var blob in store.Blobs.ListAsync(SealedStore.DeviceUser, Collection, cancellationToken).ConfigureAwait(false)) records.Add(Read(blob.Name, blob.Content.Span));
        return new SealedParticipationLog(store, [.. records.OrderBy(record => record.Started)], most);
    }

    /// <inheritdoc/>
    public void Save(ParticipationRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        lock (_lock)
        {
            var known = _records.FindIndex(other => other.Id == record.Id);
            var surplus = known < 0 && _records.Count >= _most ? Surplus() : null;
            var content = Write(record);
            Task.Run(() => _store.Blobs.PutRangeAsync(SealedStore.DeviceUser, Collection, [new(record.Id, content)], surplus is null ? null : [surplus.Id])).GetAwaiter().GetResult();
            // In memory only once it is in the store: a failed write leaves the old facts.
            if (known >= 0) _records[known] = record;
            else _records.Add(record);
            if (surplus is not null) _records.Remove(surplus);
            if (record.Ended is null) _running.Add(record.Id);
            else _running.Remove(record.Id);
        }
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<ParticipationRecord>> ListAsync(CancellationToken cancellationToken = default)
    {
        lock (_lock) return Task.FromResult<IReadOnlyList<ParticipationRecord>>([.. _records]);
    }

    /// <summary>When the last participation in a task began that does not go on in this process, or null. It is what a smallest separation between two participations is compared with.</summary>
    public DateTimeOffset? LastParticipation(string task)
    {
        lock (_lock)
        {
            DateTimeOffset? last = null;
            foreach (var record in _records)
                if (record.Task == task && !_running.Contains(record.Id) && (last is null || record.Started > last)) last = record.Started;
            return last;
        }
    }

    private ParticipationRecord? Surplus() =>
        _records.Find(record => record.Epsilon == 0 && !_running.Contains(record.Id)) ?? _records.Find(record => !_running.Contains(record.Id));

    private static byte[] Write(ParticipationRecord record)
    {
        using var writer = new SealWriter();
        writer.WriteByte(1);
        writer.WriteText(record.Task);
        writer.WriteInt32(record.Round);
        writer.WriteInt64(record.Started.UtcTicks);
        writer.WriteInt64(record.Ended?.UtcTicks ?? 0);
        writer.WriteText(record.ConsentReceipt);
        writer.WriteDouble(record.Epsilon);
        writer.WriteDouble(record.Delta);
        writer.WriteByte((byte)record.Status);
        writer.WriteText(record.Reason ?? string.Empty);
        return writer.ToArray();
    }

    private static ParticipationRecord Read(string id, ReadOnlySpan<byte> content)
    {
        var reader = new SealReader(content, Subject);
        if (reader.ReadByte() is var version && version != 1) throw new TamperedException(Subject, $"its version is {version}, expected 1; update PersonaTune");
        var (task, round, started, ended, receipt) = (reader.ReadText(), reader.ReadInt32(), Time(reader.ReadInt64()), Time(reader.ReadInt64()), reader.ReadText());
        var (epsilon, delta, status, reason) = (reader.ReadDouble(), reader.ReadDouble(), (ParticipationStatus)reader.ReadByte(), reader.ReadText());
        reader.End();
        return new ParticipationRecord(
            id, task, round, started, ended == DateTimeOffset.MinValue ? null : ended, receipt, epsilon, delta,
            Enum.IsDefined(status) ? status : throw new TamperedException(Subject, $"its status is {(byte)status}; update PersonaTune"), reason.Length == 0 ? null : reason);

        static DateTimeOffset Time(long ticks) => ticks >= 0 && ticks <= DateTimeOffset.MaxValue.Ticks
            ? new DateTimeOffset(ticks, TimeSpan.Zero)
            : throw new TamperedException(Subject, "a time is out of range");
    }
}

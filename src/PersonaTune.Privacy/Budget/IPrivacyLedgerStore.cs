namespace PersonaTune.Privacy.Budget;

/// <summary>
/// Where a <see cref="PrivacyLedger"/> keeps its entries: an append-only list of byte strings. A device implements it over its sealed store, an
/// aggregator over a table whose primary key is the index, inside the transaction of the release. Implementations are thread-safe.
/// </summary>
public interface IPrivacyLedgerStore
{
    /// <summary>The entries from <paramref name="fromIndex"/> on, in order.</summary>
    IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(long fromIndex, CancellationToken cancellationToken = default);

    /// <summary>
    /// Appends an entry as number <paramref name="index"/> if the list holds exactly that many entries; false, with nothing changed, if
    /// another writer was first. Durable when the task completes with true (or when the surrounding transaction commits).
    /// </summary>
    Task<bool> TryAppendAsync(long index, ReadOnlyMemory<byte> entry, CancellationToken cancellationToken = default);
}

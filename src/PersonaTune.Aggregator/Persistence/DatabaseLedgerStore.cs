using System.Runtime.CompilerServices;
using PersonaTune.Privacy.Budget;

namespace PersonaTune.Aggregator.Persistence;

/// <summary>
/// A task's privacy ledger as rows of the database, inside a transaction: a spend commits together with the release that it pays for, or not at all.
/// Not for concurrent use, like the transaction.
/// </summary>
internal sealed class DatabaseLedgerStore(DatabaseTransaction transaction, string ledger) : IPrivacyLedgerStore
{
    /// <inheritdoc/>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(long fromIndex, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        foreach (var entry in await transaction.QueryAsync<byte[]>(
            "SELECT entry FROM ledger_entry WHERE ledger = @ledger AND position >= @fromIndex ORDER BY position", new { ledger, fromIndex }))
            yield return entry;
    }

    /// <inheritdoc/>
    public async Task<bool> TryAppendAsync(long index, ReadOnlyMemory<byte> entry, CancellationToken cancellationToken = default)
    {
        var count = await transaction.ScalarAsync<long>("SELECT COUNT(*) FROM ledger_entry WHERE ledger = @ledger", new { ledger });
        if (count != index) return false;
        return await transaction.ExecuteAsync(
            "INSERT INTO ledger_entry (ledger, position, entry, written_at) VALUES (@ledger, @index, @entry, @now) ON CONFLICT (ledger, position) DO NOTHING",
            new { ledger, index, entry = entry.ToArray(), now = await transaction.NowAsync() }) == 1;
    }
}

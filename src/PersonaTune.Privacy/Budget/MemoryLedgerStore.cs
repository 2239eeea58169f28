using System.Runtime.CompilerServices;

namespace PersonaTune.Privacy.Budget;

/// <summary>A ledger store in memory, for simulations and tests: it forgets everything with the process. Thread-safe.</summary>
public sealed class MemoryLedgerStore : IPrivacyLedgerStore
{
    private readonly List<byte[]> _entries = [];
    private readonly Lock _lock = new();

    /// <inheritdoc/>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(long fromIndex, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        byte[][] snapshot;
        lock (_lock) snapshot = fromIndex < _entries.Count ? [.. _entries.Skip((int)fromIndex)] : [];
        foreach (var entry in snapshot)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return entry;
        }

        await Task.CompletedTask.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task<bool> TryAppendAsync(long index, ReadOnlyMemory<byte> entry, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            if (index != _entries.Count) return Task.FromResult(false);
            _entries.Add(entry.ToArray());
            return Task.FromResult(true);
        }
    }
}

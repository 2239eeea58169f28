using System.Threading.Channels;

namespace PersonaTune.Aggregator.Persistence;

/// <summary>
/// Group commit: actions that arrive while a transaction runs share the next one, so that many small writes do not pay a flush each. Each caller gets its
/// own result after the commit. Thread-safe.
/// </summary>
internal sealed class BatchQueue<TItem, TResult> : IAsyncDisposable
{
    private readonly AggregatorDatabase _database;
    private readonly string _name;
    private readonly Func<DatabaseTransaction, IReadOnlyList<TItem>, Task<IReadOnlyList<TResult>>> _body;
    private readonly Func<TItem, long> _weigh;
    private readonly int _maximumItems;
    private readonly long _maximumWeight;
    private readonly Channel<(TItem Item, TaskCompletionSource<TResult> Result)> _queue;
    private readonly Task[] _workers;

    /// <param name="database">The database.</param>
    /// <param name="name">The transaction's name.</param>
    /// <param name="body">
    /// Handles the items in one transaction, one result each. What concerns one item is a result; an exception fails all of them.
    /// </param>
    /// <param name="weigh">Bytes of an item.</param>
    /// <param name="workers">Transactions at once; 1 on SQLite.</param>
    /// <param name="maximumItems">Items of a transaction.</param>
    /// <param name="maximumWeight">Bytes of a transaction, exceeded by at most one item.</param>
    public BatchQueue(AggregatorDatabase database, string name, Func<DatabaseTransaction, IReadOnlyList<TItem>, Task<IReadOnlyList<TResult>>> body,
        Func<TItem, long> weigh, int workers, int maximumItems = 256, long maximumWeight = 16 << 20)
    {
        (_database, _name, _body, _weigh, _maximumItems, _maximumWeight) = (database, name, body, weigh, maximumItems, maximumWeight);
        _queue = Channel.CreateBounded<(TItem, TaskCompletionSource<TResult>)>(new BoundedChannelOptions(4 * maximumItems) { FullMode = BoundedChannelFullMode.Wait });
        _workers = [.. Enumerable.Range(0, workers).Select(_ => Task.Run(WorkAsync))];
    }

    /// <summary>Adds an item; completes after the commit.</summary>
    public async Task<TResult> RunAsync(TItem item, CancellationToken cancellationToken)
    {
        var result = new TaskCompletionSource<TResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        await _queue.Writer.WriteAsync((item, result), cancellationToken);
        return await result.Task.WaitAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await Task.WhenAll(_workers);
    }

    private async Task WorkAsync()
    {
        var batch = new List<(TItem Item, TaskCompletionSource<TResult> Result)>();
        while (await _queue.Reader.WaitToReadAsync())
        {
            batch.Clear();
            var weight = 0L;
            while (batch.Count < _maximumItems && weight < _maximumWeight && _queue.Reader.TryRead(out var next))
            {
                batch.Add(next);
                weight += _weigh(next.Item);
            }

            if (batch.Count == 0) continue;
            try
            {
                var results = await _database.RunTransactionAsync(_name, (transaction, _) => _body(transaction, [.. batch.Select(entry => entry.Item)]));
                for (var i = 0; i < batch.Count; i++) batch[i].Result.TrySetResult(results[i]);
            }
            catch (Exception e)
            {
                foreach (var (_, result) in batch) result.TrySetException(e);
            }
        }
    }
}

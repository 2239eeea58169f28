namespace PersonaTune.Device.Storage;

/// <summary>The examples of a <see cref="SealedStore"/>, sealed one by one. Thread-safe; obtained from <see cref="SealedStore.Examples"/>.</summary>
public sealed class ExampleStore
{
    /// <summary>Raised after examples were durably deleted, on the thread that deleted them.</summary>
    public event EventHandler<ExamplesDeletedEventArgs>? Deleted;

    /// <summary>Adds one example; durable once the task completes.</summary>
    public Task<RecordId> AddAsync(string user, string collection, ReadOnlyMemory<byte> content, ExampleKind kind, DateTimeOffset time,
        CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Adds examples in one transaction: all or none; durable once the task completes.</summary>
    public Task<IReadOnlyList<RecordId>> AddRangeAsync(string user, string collection, IReadOnlyList<NewExample> examples,
        CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>One example, or null if it does not exist.</summary>
    public Task<Example?> GetAsync(string user, string collection, RecordId id, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>The examples in the order in which they were added, decrypted page by page. That order is not authenticated: sort by <see cref="Example.Time"/> where it matters.</summary>
    public IAsyncEnumerable<Example> ListAsync(string user, string collection, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>The number of examples.</summary>
    public Task<long> CountAsync(string user, string collection, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Which of <paramref name="ids"/> no longer exist: what learned from them is stale.</summary>
    public Task<IReadOnlyList<RecordId>> MissingAsync(string user, string collection, IReadOnlyCollection<RecordId> ids, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Deletes those of <paramref name="ids"/> that exist, in one transaction, and returns how many; then raises <see cref="Deleted"/>.</summary>
    public Task<int> DeleteAsync(string user, string collection, IReadOnlyCollection<RecordId> ids, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Writes the examples in the clear as JSON lines {id, collection, kind, time, text | base64}; returns their number.</summary>
    public Task<long> ExportAsync(string user, string collection, Stream destination, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    internal void RaiseDeleted(ExamplesDeletedEventArgs arguments) => Deleted?.Invoke(this, arguments);
}

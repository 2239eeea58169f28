using PersonaTune.Aggregator.Persistence;

namespace PersonaTune.Aggregator.Tests;

/// <summary>Empty databases of both kinds, so that one test body runs on each.</summary>
internal sealed class TestDatabase : IAsyncDisposable
{
    private readonly string? _folder;

    private TestDatabase(DatabaseOptions options, string? folder) => (Options, _folder) = (options, folder);

    public DatabaseOptions Options { get; }

    public static TheoryData<DatabaseKind> Kinds => PostgresServer.SkipReason is null ? [DatabaseKind.Sqlite, DatabaseKind.PostgreSql] : [DatabaseKind.Sqlite];

    public static TestDatabase Create(DatabaseKind kind)
    {
        if (kind == DatabaseKind.PostgreSql)
            return new TestDatabase(new DatabaseOptions { Kind = kind, Connection = PostgresServer.Instance.CreateDatabase() }, null);
        var folder = Directory.CreateTempSubdirectory("personatune-aggregator-").FullName;
        return new TestDatabase(new DatabaseOptions { Kind = kind, Connection = Path.Combine(folder, "aggregator.db"), Durable = false }, folder);
    }

    public Task<AggregatorDatabase> OpenAsync(TimeProvider? time = null) => AggregatorDatabase.OpenAsync(Options, time ?? TimeProvider.System);

    public ValueTask DisposeAsync()
    {
        if (_folder is not null) Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }
}

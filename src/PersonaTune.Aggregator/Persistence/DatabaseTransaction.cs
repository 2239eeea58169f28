using System.Data.Common;
using Dapper;

namespace PersonaTune.Aggregator.Persistence;

/// <summary>An open transaction. Not for concurrent use.</summary>
internal sealed class DatabaseTransaction(DbConnection connection, DbTransaction transaction, Dialect dialect, TimeProvider time, int timeout, CancellationToken cancellationToken)
{
    private readonly List<Action> _committed = [];
    private long? _now;

    public Dialect Dialect => dialect;

    /// <summary>The channels to wake once it has committed.</summary>
    public List<string> Notifications { get; } = [];

    public Task<int> ExecuteAsync(string sql, object? parameters = null) => connection.ExecuteAsync(Command(sql, parameters));

    public async Task<IReadOnlyList<T>> QueryAsync<T>(string sql, object? parameters = null) => (await connection.QueryAsync<T>(Command(sql, parameters))).AsList();

    public Task<T?> FirstOrDefaultAsync<T>(string sql, object? parameters = null) => connection.QueryFirstOrDefaultAsync<T>(Command(sql, parameters));

    public Task<T?> ScalarAsync<T>(string sql, object? parameters = null) => connection.ExecuteScalarAsync<T>(Command(sql, parameters));

    /// <summary>One moment for the whole transaction, in Unix milliseconds: the database's clock where it has one.</summary>
    public async ValueTask<long> NowAsync() => _now ??= dialect.IsPostgreSql
        ? await ScalarAsync<long>($"SELECT {dialect.Now}")
        : time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Wakes whoever waits for <paramref name="channel"/>, on every node, once it has committed. Only a hint: waiters look for themselves.</summary>
    public void Notify(string channel) => Notifications.Add(channel);

    /// <summary>Runs after the commit.</summary>
    public void OnCommitted(Action action) => _committed.Add(action);

    internal async Task CommitAsync()
    {
        if (dialect.IsPostgreSql)
        {
            foreach (var channel in Notifications.Distinct(StringComparer.Ordinal))
                await ExecuteAsync("SELECT pg_notify('personatune', @channel)", new { channel });
        }

        await transaction.CommitAsync(cancellationToken);
        foreach (var action in _committed) action();
    }

    private CommandDefinition Command(string sql, object? parameters) => new(sql, parameters, transaction, timeout, cancellationToken: cancellationToken);
}

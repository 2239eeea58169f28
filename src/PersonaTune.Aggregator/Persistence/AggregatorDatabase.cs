using System.Data.Common;
using System.Security.Cryptography;
using Dapper;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace PersonaTune.Aggregator.Persistence;

/// <summary>
/// The aggregator's database: SQLite for one node, PostgreSQL for any number of them, one logic. Every change runs in
/// <see cref="RunTransactionAsync{T}"/>, which tries again what failed for a passing reason. Thread-safe.
/// </summary>
internal sealed class AggregatorDatabase : IAsyncDisposable
{
    private readonly DatabaseOptions _options;
    private readonly TimeProvider _time;
    private readonly NpgsqlDataSource? _source;
    private readonly string _sqlite;
    private readonly SemaphoreSlim _writer = new(1, 1);
    private readonly DatabaseMetrics _metrics = new();
    private readonly CancellationTokenSource _stopping = new();
    private SqliteConnection? _writing;
    private Task _listening = Task.CompletedTask;

    static AggregatorDatabase()
    {
        DefaultTypeMap.MatchNamesWithUnderscores = true;
        SQLitePCL.Batteries_V2.Init();
    }

    private AggregatorDatabase(DatabaseOptions options, TimeProvider time)
    {
        (_options, _time) = (options, time);
        Dialect = Dialect.Of(options.Kind);
        _sqlite = new SqliteConnectionStringBuilder { DataSource = options.Connection, DefaultTimeout = options.CommandTimeoutSeconds }.ToString();
        if (Dialect.IsPostgreSql) _source = NpgsqlDataSource.Create(options.Connection);
    }

    public Dialect Dialect { get; }

    /// <summary>Wakes waiters; also of other nodes' commits where the database can tell of them.</summary>
    public Signals Signals { get; } = new();

    /// <summary>Opens the database and brings its schema up to date.</summary>
    /// <exception cref="DatabaseException">It does not answer, or its schema is not one of this program.</exception>
    public static async Task<AggregatorDatabase> OpenAsync(DatabaseOptions options, TimeProvider time, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        if (options.Kind == DatabaseKind.Sqlite && Path.GetDirectoryName(Path.GetFullPath(options.Connection)) is { } folder) Directory.CreateDirectory(folder);
        var database = new AggregatorDatabase(options, time);
        try
        {
            await database.RunTransactionAsync("migrate", async (transaction, _) =>
            {
                await Migrations.ApplyAsync(transaction);
                return 0;
            }, cancellationToken);
        }
        catch (Exception e) when (e is DbException or InvalidOperationException)
        {
            await database.DisposeAsync();
            throw new DatabaseException($"{(database.Dialect.IsPostgreSql ? "PostgreSQL" : $"SQLite file '{options.Connection}'")} does not answer ({e.Message}); check Database:Connection", e);
        }
        catch
        {
            await database.DisposeAsync();
            throw;
        }

        if (database._source is not null) database._listening = Task.Run(() => database.ListenAsync(database._stopping.Token), CancellationToken.None);
        return database;
    }

    /// <summary>
    /// Runs <paramref name="body"/> in a transaction and commits it. It may run several times: it must do nothing that outlives a rollback, except in
    /// <see cref="DatabaseTransaction.OnCommitted"/>.
    /// </summary>
    public async Task<T> RunTransactionAsync<T>(
        string name, Func<DatabaseTransaction, CancellationToken, Task<T>> body, CancellationToken cancellationToken = default)
    {
        var started = _time.GetTimestamp();
        var committed = false;
        try
        {
            for (var attempt = 0; ; attempt++)
            {
                try
                {
                    var result = Dialect.IsPostgreSql ? await OnServerAsync(body, cancellationToken) : await InFileAsync(body, cancellationToken);
                    committed = true;
                    return result;
                }
                catch (Exception e) when (attempt < _options.MaximumRetries && Dialect.IsTransient(e))
                {
                    _metrics.Retried(name);
                    var ceiling = Math.Min(2000, 5 << Math.Min(attempt, 9));
                    await Task.Delay(TimeSpan.FromMilliseconds(RandomNumberGenerator.GetInt32(1, ceiling + 1)), _time, cancellationToken);
                }
            }
        }
        finally
        {
            _metrics.Ended(name, committed, _time.GetElapsedTime(started));
        }
    }

    /// <summary>Runs <paramref name="body"/> for its effects.</summary>
    public Task RunTransactionAsync(string name, Func<DatabaseTransaction, Task> body, CancellationToken cancellationToken = default) =>
        RunTransactionAsync(name, async (transaction, _) =>
        {
            await body(transaction);
            return 0;
        }, cancellationToken);

    /// <summary>Reads on one snapshot, beside a writer.</summary>
    public async Task<T> ReadAsync<T>(Func<DatabaseTransaction, Task<T>> body, CancellationToken cancellationToken = default)
    {
        if (Dialect.IsPostgreSql) return await RunTransactionAsync("read", (transaction, _) => body(transaction), cancellationToken);
        await using var connection = await OpenFileAsync(cancellationToken);
        await using var transaction = connection.BeginTransaction(deferred: true);
        return await body(new DatabaseTransaction(connection, transaction, Dialect, _time, _options.CommandTimeoutSeconds, cancellationToken));
    }

    /// <summary>Waits for a notification, or at most <paramref name="timeout"/>. Take <paramref name="signal"/> from <see cref="Signals"/> before looking.</summary>
    public async Task WaitAsync(Task signal, TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            await signal.WaitAsync(timeout, _time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // The caller looks again.
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _listening.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_source is not null) await _source.DisposeAsync();
        await _writer.WaitAsync();
        if (_writing is not null)
        {
            await _writing.DisposeAsync();
            SqliteConnection.ClearPool(new SqliteConnection(_sqlite));
        }

        _metrics.Dispose();
        _stopping.Dispose();
        _writer.Dispose();
    }

    private async Task<T> OnServerAsync<T>(Func<DatabaseTransaction, CancellationToken, Task<T>> body, CancellationToken cancellationToken)
    {
        await using var connection = await _source!.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var scope = new DatabaseTransaction(connection, transaction, Dialect, _time, _options.CommandTimeoutSeconds, cancellationToken);
        if (!_options.Durable) await scope.ExecuteAsync("SET LOCAL synchronous_commit = off");
        var result = await body(scope, cancellationToken);
        await scope.CommitAsync();
        foreach (var channel in scope.Notifications) Signals.Raise(channel);
        return result;
    }

    // One writer at a time: writers queue here instead of meeting a busy file.
    private async Task<T> InFileAsync<T>(Func<DatabaseTransaction, CancellationToken, Task<T>> body, CancellationToken cancellationToken)
    {
        await _writer.WaitAsync(cancellationToken);
        DatabaseTransaction scope;
        T result;
        try
        {
            _writing ??= await OpenFileAsync(cancellationToken);
            await using var transaction = _writing.BeginTransaction(deferred: false);
            scope = new DatabaseTransaction(_writing, transaction, Dialect, _time, _options.CommandTimeoutSeconds, cancellationToken);
            result = await body(scope, cancellationToken);
            await scope.CommitAsync();
        }
        finally
        {
            _writer.Release();
        }

        foreach (var channel in scope.Notifications) Signals.Raise(channel);
        return result;
    }

    private async Task<SqliteConnection> OpenFileAsync(CancellationToken cancellationToken)
    {
        var connection = new SqliteConnection(_sqlite);
        await connection.OpenAsync(cancellationToken);
        await connection.ExecuteAsync($"PRAGMA journal_mode = WAL; PRAGMA synchronous = {(_options.Durable ? "FULL" : "NORMAL")}; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000;");
        return connection;
    }

    private async Task ListenAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await using var connection = await _source!.OpenConnectionAsync(cancellationToken);
                connection.Notification += (_, notification) => Signals.Raise(notification.Payload);
                await connection.ExecuteAsync("LISTEN personatune");
                while (true) await connection.WaitAsync(cancellationToken);
            }
            catch (Exception e) when (e is NpgsqlException or InvalidOperationException or IOException)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }
}

using System.Globalization;
using Microsoft.Data.Sqlite;

namespace PersonaTune.Device.Storage;

/// <summary>
/// Records in one SQLite file: write-ahead log, every commit flushed before it returns, deleted content overwritten
/// (<c>secure_delete</c>), the file locked for this process. Not thread-safe.
/// </summary>
public sealed class SqliteRecordStore : IRecordStore
{
    private const string Columns = "sequence, id, user, collection, version, sealed";
    private readonly string _path;
    private readonly SqliteConnection _connection;
    private readonly Dictionary<string, SqliteCommand> _commands = new(StringComparer.Ordinal);

    /// <summary>Opens or creates the file <paramref name="path"/> and brings its schema up to date.</summary>
    /// <exception cref="StoreCorruptException">The file is damaged or no store.</exception>
    /// <exception cref="StoreInUseException">Another process has it open.</exception>
    public SqliteRecordStore(string path)
    {
        _path = path;
        var builder = new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadWriteCreate, Pooling = false, DefaultTimeout = 1 };
        _connection = new SqliteConnection(builder.ToString());
        try
        {
            Guard(() =>
            {
                _connection.Open();
                Run("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY; PRAGMA secure_delete = ON;"
                    + " PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
                Migrate();
                return true;
            });
        }
        catch
        {
            _connection.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public byte[]? ReadState() => Guard(() => Prepare("SELECT sealed FROM state").ExecuteScalar() as byte[]);

    /// <inheritdoc/>
    public void Commit(IReadOnlyList<SealedRow> puts, IReadOnlyList<RecordId> deletes, byte[] state)
    {
        ArgumentNullException.ThrowIfNull(puts);
        ArgumentNullException.ThrowIfNull(deletes);
        Guard(() =>
        {
            using var transaction = _connection.BeginTransaction();
            foreach (var id in deletes)
                Execute(transaction, "DELETE FROM records WHERE id = $id", ("$id", id.ToArray()));
            foreach (var row in puts)
            {
                Execute(transaction,
                    "INSERT INTO records (id, user, collection, version, sealed) VALUES ($id, $user, $collection, $version, $sealed)"
                    + " ON CONFLICT (id) DO UPDATE SET user = $user, collection = $collection, version = $version, sealed = $sealed",
                    ("$id", row.Place.Id.ToArray()), ("$user", row.Place.UserTag), ("$collection", row.Place.CollectionTag),
                    ("$version", row.Place.Version), ("$sealed", row.Sealed));
            }
            Execute(transaction, "INSERT INTO state (one, sealed) VALUES (1, $state) ON CONFLICT (one) DO UPDATE SET sealed = $state",
                ("$state", state));
            transaction.Commit();
            return true;
        });
    }

    /// <inheritdoc/>
    public SealedRow? Find(RecordId id) => Guard(() =>
    {
        using var reader = Prepare($"SELECT {Columns} FROM records WHERE id = $id", ("$id", id.ToArray())).ExecuteReader();
        return reader.Read() ? ReadRow(reader) : null;
    });

    /// <inheritdoc/>
    public RecordPlace? FindPlace(RecordId id) => Guard(() =>
    {
        using var reader = Prepare("SELECT id, user, collection, version FROM records WHERE id = $id", ("$id", id.ToArray())).ExecuteReader();
        return reader.Read() ? ReadPlace(reader, 0) : null;
    });

    /// <inheritdoc/>
    public IReadOnlyList<SealedRow> Page(byte[] userTag, byte[]? collectionTag, long after, int limit) => Guard(() =>
    {
        var rows = new List<SealedRow>(Math.Min(limit, 256));
        var command = collectionTag is null
            ? Prepare($"SELECT {Columns} FROM records WHERE user = $user AND sequence > $after ORDER BY sequence LIMIT $limit",
                ("$user", userTag), ("$after", after), ("$limit", (long)limit))
            : Prepare($"SELECT {Columns} FROM records WHERE user = $user AND collection = $collection AND sequence > $after ORDER BY sequence LIMIT $limit",
                ("$user", userTag), ("$collection", collectionTag), ("$after", after), ("$limit", (long)limit));
        using var reader = command.ExecuteReader();
        while (reader.Read()) rows.Add(ReadRow(reader));
        return rows;
    });

    /// <inheritdoc/>
    public long Count(byte[] userTag, byte[] collectionTag) => Guard(() =>
        (long)Prepare("SELECT count(*) FROM records WHERE user = $user AND collection = $collection",
            ("$user", userTag), ("$collection", collectionTag)).ExecuteScalar()!);

    /// <inheritdoc/>
    public IEnumerable<RecordPlace> Places(byte[]? userTag = null)
    {
        var command = userTag is null
            ? Prepare("SELECT id, user, collection, version FROM records")
            : Prepare("SELECT id, user, collection, version FROM records WHERE user = $user", ("$user", userTag));
        using var reader = Guard(command.ExecuteReader);
        while (Guard(reader.Read)) yield return Guard(() => ReadPlace(reader, 0));
    }

    /// <inheritdoc/>
    public (long Rows, long SealedBytes, long FileBytes) Size() => Guard(() =>
    {
        using var reader = Prepare("SELECT count(*), coalesce(sum(length(sealed)), 0) FROM records").ExecuteReader();
        reader.Read();
        var log = new FileInfo(_path + "-wal");
        return (reader.GetInt64(0), reader.GetInt64(1), new FileInfo(_path).Length + (log.Exists ? log.Length : 0));
    });

    /// <summary>Moves the log into the file, rewrites the file without free pages, and truncates the log.</summary>
    public void Scrub() => Guard(() =>
    {
        Run("PRAGMA wal_checkpoint(TRUNCATE); VACUUM; PRAGMA wal_checkpoint(TRUNCATE);");
        return true;
    });

    /// <summary>Moves the log into the file and closes it.</summary>
    public void Dispose()
    {
        foreach (var command in _commands.Values) command.Dispose();
        _commands.Clear();
        _connection.Dispose();
    }

    private void Migrate()
    {
        var version = Convert.ToInt32(Scalar("PRAGMA user_version"), CultureInfo.InvariantCulture);
        var application = Convert.ToInt32(Scalar("PRAGMA application_id"), CultureInfo.InvariantCulture);
        var objects = Convert.ToInt32(Scalar("SELECT count(*) FROM sqlite_master"), CultureInfo.InvariantCulture);
        if (version > SqliteSchema.Migrations.Count)
            throw new StoreException($"database '{_path}'",
                $"expected schema version {SqliteSchema.Migrations.Count} or older, found {version}; update PersonaTune");
        if (objects > 0 && application != SqliteSchema.ApplicationId)
            throw new StoreCorruptException($"database '{_path}'", "it is a database of another application, or its head was altered");
        // A database that is handed over must not bring code of its own.
        if (Convert.ToInt32(Scalar("SELECT count(*) FROM sqlite_master WHERE type IN ('trigger', 'view')"), CultureInfo.InvariantCulture) != 0)
            throw new StoreCorruptException($"database '{_path}'", "it holds triggers or views, which no store has; it was altered: restore it from a copy");
        for (; version < SqliteSchema.Migrations.Count; version++)
        {
            var next = (version + 1).ToString(CultureInfo.InvariantCulture);
            var application_id = SqliteSchema.ApplicationId.ToString(CultureInfo.InvariantCulture);
            Run($"BEGIN IMMEDIATE; {SqliteSchema.Migrations[version]} PRAGMA application_id = {application_id}; PRAGMA user_version = {next}; COMMIT;");
        }
    }

    private void Run(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private object? Scalar(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }

    private void Execute(SqliteTransaction transaction, string sql, params ReadOnlySpan<(string Name, object Value)> values)
    {
        var command = Prepare(sql, values);
        command.Transaction = transaction;
        try
        {
            command.ExecuteNonQuery();
        }
        finally
        {
            command.Transaction = null;
        }
    }

    /// <summary>A prepared command with its parameters set; one object for each text.</summary>
    private SqliteCommand Prepare(string sql, params ReadOnlySpan<(string Name, object Value)> values)
    {
        if (!_commands.TryGetValue(sql, out var command))
        {
            command = _connection.CreateCommand();
            command.CommandText = sql;
            _commands.Add(sql, command);
        }
        command.Parameters.Clear();
        foreach (var (name, value) in values) command.Parameters.AddWithValue(name, value);
        return command;
    }

    private static SealedRow ReadRow(SqliteDataReader reader) =>
        new(ReadPlace(reader, 1), reader.GetFieldValue<byte[]>(5), reader.GetInt64(0));

    private static RecordPlace ReadPlace(SqliteDataReader reader, int column) =>
        new(RecordId.Read(reader.GetFieldValue<byte[]>(column)), reader.GetFieldValue<byte[]>(column + 1),
            reader.GetFieldValue<byte[]>(column + 2), reader.GetInt64(column + 3));

    /// <summary>Turns SQLite's errors into the store's.</summary>
    private T Guard<T>(Func<T> action)
    {
        var subject = $"database '{_path}'";
        try
        {
            return action();
        }
        catch (SqliteException e) when (e.SqliteErrorCode is 11 or 26) // CORRUPT, NOTADB
        {
            throw new StoreCorruptException(subject, "it is truncated or damaged; restore it from a copy", e);
        }
        catch (SqliteException e) when (e.SqliteErrorCode is 5 or 6) // BUSY, LOCKED
        {
            throw new StoreInUseException(subject, e);
        }
        catch (SqliteException e)
        {
            throw new StoreException(subject, $"SQLite reports '{e.Message}' (code {e.SqliteExtendedErrorCode}); free disk space, check permissions, or restore it", e);
        }
        catch (Exception e) when (e is ArgumentException or InvalidCastException or IndexOutOfRangeException
            or InvalidOperationException and not ObjectDisposedException)
        {
            throw new StoreCorruptException(subject, "a row has fields of another kind than the schema says; it was altered: restore it from a copy", e);
        }
    }
}

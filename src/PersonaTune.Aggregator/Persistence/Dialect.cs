using System.Data.Common;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace PersonaTune.Aggregator.Persistence;

/// <summary>What differs between the databases. One SQL text serves both wherever it can.</summary>
internal sealed class Dialect
{
    private Dialect(DatabaseKind kind) => Kind = kind;

    public DatabaseKind Kind { get; }

    public bool IsPostgreSql => Kind == DatabaseKind.PostgreSql;

    /// <summary>Locks the selected rows for this transaction; SQLite has one writer anyway.</summary>
    public string ForUpdate => IsPostgreSql ? " FOR UPDATE" : string.Empty;

    /// <summary>Locks the selected rows against change.</summary>
    public string ForShare => IsPostgreSql ? " FOR SHARE" : string.Empty;

    /// <summary>Locks the selected rows and leaves out those that another transaction has locked.</summary>
    public string SkipLocked => IsPostgreSql ? " FOR UPDATE SKIP LOCKED" : string.Empty;

    /// <summary>Whether a column is one of a list parameter, which Dapper expands for SQLite and PostgreSQL takes as an array.</summary>
    public string In(string parameter) => IsPostgreSql ? $"= ANY(@{parameter})" : $"IN @{parameter}";

    /// <summary>The database's clock in Unix milliseconds; SQLite takes the parameter <c>@now</c>, the process's clock.</summary>
    public string Now => IsPostgreSql ? "(extract(epoch from clock_timestamp()) * 1000)::bigint" : "@now";

    public static Dialect Of(DatabaseKind kind) => new(kind);

    /// <summary>Fills in the placeholders of a migration and leaves out the sections of the other database.</summary>
    public string Translate(string script)
    {
        var lines = new List<string>();
        string? section = null;
        foreach (var line in script.Split('\n'))
        {
            var mark = line.Trim();
            if (mark.StartsWith("-- only ", StringComparison.Ordinal)) section = mark["-- only ".Length..];
            else if (mark == "-- end only") section = null;
            else if (section is null || section == (IsPostgreSql ? "postgresql" : "sqlite")) lines.Add(line);
        }

        return string.Join('\n', lines)
            .Replace("$(BYTES)", IsPostgreSql ? "BYTEA" : "BLOB", StringComparison.Ordinal)
            .Replace("$(IDENTITY)", IsPostgreSql ? "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY" : "INTEGER PRIMARY KEY AUTOINCREMENT", StringComparison.Ordinal);
    }

    /// <summary>Whether the same transaction may succeed when it is tried again.</summary>
    public static bool IsTransient(Exception exception) => exception switch
    {
        // Serialization failure, deadlock, lock not available, a row that another transaction wrote first, crash or shutdown of the server, too many
        // connections, lost connection.
        PostgresException e => e.SqlState is "40001" or "40P01" or "55P03" or "23505" or "57P01" or "57P02" or "57P03" or "53300" || e.SqlState.StartsWith("08", StringComparison.Ordinal),
        NpgsqlException e => e.IsTransient || e.InnerException is IOException or TimeoutException or System.Net.Sockets.SocketException,
        SqliteException e => e.SqliteErrorCode is 5 or 6, // busy, locked
        DbException e => e.IsTransient,
        _ => false,
    };
}

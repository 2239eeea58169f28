using System.ComponentModel.DataAnnotations;

namespace PersonaTune.Aggregator.Persistence;

/// <summary>Where the aggregator keeps its state.</summary>
public sealed class DatabaseOptions
{
    /// <summary>The kind of database. Default: SQLite.</summary>
    public DatabaseKind Kind { get; set; } = DatabaseKind.Sqlite;

    /// <summary>SQLite: the file's path. PostgreSQL: the connection string.</summary>
    [Required]
    public string Connection { get; set; } = "aggregator.db";

    /// <summary>How often a transaction that failed for a passing reason is tried again. Default 12.</summary>
    [Range(0, 100)]
    public int MaximumRetries { get; set; } = 12;

    /// <summary>How long one statement may take, in seconds. Default 60.</summary>
    [Range(1, 3600)]
    public int CommandTimeoutSeconds { get; set; } = 60;

    /// <summary>
    /// Whether a commit survives the loss of power, and not only the end of the process. Default true; false is for simulations.
    /// </summary>
    public bool Durable { get; set; } = true;
}

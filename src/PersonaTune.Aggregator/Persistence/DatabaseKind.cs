namespace PersonaTune.Aggregator.Persistence;

/// <summary>The database that holds all state.</summary>
public enum DatabaseKind
{
    /// <summary>Embedded, one file, one node.</summary>
    Sqlite,

    /// <summary>A PostgreSQL server, any number of nodes.</summary>
    PostgreSql,
}

namespace PersonaTune.Device.Storage;

/// <summary>The database's schema: one script a version, run in order; <c>PRAGMA user_version</c> holds the last one run.</summary>
internal static class SqliteSchema
{
    /// <summary>Marks the file as ours ("PTst").</summary>
    public const int ApplicationId = 0x50547374;

    public static IReadOnlyList<string> Migrations { get; } =
    [
        """
        -- The store's state: exactly one row.
        CREATE TABLE state (
            one     INTEGER PRIMARY KEY CHECK (one = 1), -- always 1: there is one row (immutable)
            sealed  BLOB    NOT NULL                     -- generation, record count and multiset hash, sealed (replaced by every commit)
        ) STRICT;

        -- Every record of every user: examples, named values, consent entries. Only what is listed here is visible.
        CREATE TABLE records (
            sequence   INTEGER PRIMARY KEY,                                -- order of insertion (immutable)
            id         BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),    -- random, or HMAC of a value's name (immutable)
            user       BLOB    NOT NULL CHECK (length(user) = 16),         -- random tag that the keyring gives the user (immutable)
            collection BLOB    NOT NULL CHECK (length(collection) = 16),   -- HMAC of kind, user and collection (immutable)
            version    INTEGER NOT NULL,                                   -- commit that wrote the row (changes with sealed)
            sealed     BLOB    NOT NULL                                    -- padded content, AES-256-GCM (changes with version)
        ) STRICT;

        -- Lists a collection in order of insertion, and finds all records of a user.
        CREATE INDEX records_by_place ON records (user, collection, sequence);
        """,
    ];
}

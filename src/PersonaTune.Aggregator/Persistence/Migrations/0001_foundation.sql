-- Leases and ledgers. Times are Unix milliseconds. $(BYTES) and $(IDENTITY) are replaced for each database.

-- Who drives what. A row stays when its lease ends, so that the token never goes back.
CREATE TABLE lease (
    name TEXT NOT NULL PRIMARY KEY,         -- immutable: what is driven, for example "cohort/<id>"
    holder TEXT NOT NULL,                   -- mutable: the node
    token BIGINT NOT NULL,                  -- mutable: the fencing token, one more with every holder
    expires_at BIGINT NOT NULL              -- mutable: when it ends; 0 once it was given back
);

-- Append-only, hash-chained privacy ledgers, one a task.
CREATE TABLE ledger_entry (
    ledger TEXT NOT NULL,                   -- immutable: the task
    position BIGINT NOT NULL,               -- immutable: from 0, without gaps
    entry $(BYTES) NOT NULL,                -- immutable: the encoded entry
    written_at BIGINT NOT NULL,             -- immutable
    PRIMARY KEY (ledger, position)
);

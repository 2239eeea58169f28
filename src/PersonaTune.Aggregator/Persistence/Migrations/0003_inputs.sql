-- Messages of a round. They live until the round has ended; then PostgreSQL drops the round's partition and SQLite deletes its rows.

-- What devices sent.
-- only postgresql
CREATE TABLE message (
    round_id TEXT NOT NULL,                 -- immutable
    cohort TEXT NOT NULL,                   -- immutable
    device TEXT NOT NULL,                   -- immutable
    type INTEGER NOT NULL,                  -- immutable: the message's type byte; 0 for a chunk of a plain report
    chunk INTEGER NOT NULL,                 -- immutable: the chunk of an upload, else 0
    digest $(BYTES) NOT NULL,               -- immutable: what tells a repetition from a conflict
    body $(BYTES) NOT NULL,                 -- immutable
    refused TEXT,                           -- mutable: why it does not count after all, or null
    received_at BIGINT NOT NULL,            -- immutable
    PRIMARY KEY (round_id, cohort, device, type, chunk)
) PARTITION BY LIST (round_id);

-- What the server has for devices; device is empty for what goes to all of a cohort.
CREATE TABLE outbox (
    round_id TEXT NOT NULL,                 -- immutable
    cohort TEXT NOT NULL,                   -- immutable
    type INTEGER NOT NULL,                  -- immutable
    device TEXT NOT NULL,                   -- immutable
    body $(BYTES) NOT NULL,                 -- immutable
    PRIMARY KEY (round_id, cohort, type, device)
) PARTITION BY LIST (round_id);
-- end only
-- only sqlite
CREATE TABLE message (
    round_id TEXT NOT NULL,
    cohort TEXT NOT NULL,
    device TEXT NOT NULL,
    type INTEGER NOT NULL,
    chunk INTEGER NOT NULL,
    digest $(BYTES) NOT NULL,
    body $(BYTES) NOT NULL,
    refused TEXT,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (round_id, cohort, device, type, chunk)
);

CREATE TABLE outbox (
    round_id TEXT NOT NULL,
    cohort TEXT NOT NULL,
    type INTEGER NOT NULL,
    device TEXT NOT NULL,
    body $(BYTES) NOT NULL,
    PRIMARY KEY (round_id, cohort, type, device)
);
-- end only

-- Tasks, rounds, cohorts, participations, messages, releases. Times are Unix milliseconds, states the kebab-case names of the protocol's enumerations.
-- $(BYTES) and $(IDENTITY) are replaced for each database.

-- A federated task.
CREATE TABLE task (
    name TEXT NOT NULL PRIMARY KEY,         -- immutable
    envelope $(BYTES) NOT NULL,             -- immutable: the signed definition as it came
    definition TEXT NOT NULL,               -- immutable: the envelope's payload, JSON
    digest TEXT NOT NULL,                   -- immutable: SHA-256 of the envelope, hexadecimal
    state TEXT NOT NULL,                    -- mutable: TaskState
    version BIGINT NOT NULL,                -- mutable: grows with every change; compare-and-swap on (state, version)
    sequence BIGINT NOT NULL,               -- mutable: the last attempt's number over all rounds; the wire round number
    created_at BIGINT NOT NULL,             -- immutable
    changed_at BIGINT NOT NULL              -- mutable
);

-- One attempt at one round. Sequence is what devices see as the round's number: it grows with every attempt, so that none is joined twice.
CREATE TABLE round (
    id TEXT NOT NULL PRIMARY KEY,           -- immutable: "<task>.<sequence>"
    task TEXT NOT NULL REFERENCES task(name),
    sequence BIGINT NOT NULL,               -- immutable
    number INTEGER NOT NULL,                -- immutable: the round, from 1
    attempt INTEGER NOT NULL,               -- immutable: from 1
    base_release INTEGER NOT NULL,          -- immutable: the release that devices train from; 0 for the initial adapter
    state TEXT NOT NULL,                    -- mutable: RoundState
    version BIGINT NOT NULL,                -- mutable
    reason TEXT,                            -- mutable: why it was abandoned
    candidate $(BYTES),                     -- mutable: the encoded candidate vector while validating; null afterwards
    optimizer $(BYTES),                     -- mutable: the optimizer's next state while validating; null afterwards
    contributors INTEGER NOT NULL,          -- mutable: devices in the sum; 0 before aggregating
    bytes_received BIGINT NOT NULL,         -- mutable: filled in when it ends
    loss DOUBLE PRECISION,                  -- mutable: of the candidate on the public set
    accuracy DOUBLE PRECISION,              -- mutable
    release_number INTEGER,                 -- mutable: the release that it made
    started_at BIGINT NOT NULL,             -- immutable
    ended_at BIGINT,                        -- mutable
    UNIQUE (task, sequence),
    UNIQUE (task, number, attempt)
);
CREATE INDEX round_by_state ON round (task, state);

-- A cohort of a round: one secure sum, or one plain sum.
CREATE TABLE cohort (
    id TEXT NOT NULL PRIMARY KEY,           -- immutable: 32 random hexadecimal digits
    round_id TEXT NOT NULL REFERENCES round(id),
    task TEXT NOT NULL,                     -- immutable
    position INTEGER NOT NULL,              -- immutable: from 0
    configuration $(BYTES) NOT NULL,        -- immutable: the encoded RoundConfiguration
    nonce $(BYTES) NOT NULL,                -- immutable: the server's nonce
    session TEXT NOT NULL,                  -- immutable: the session id, hexadecimal
    offer $(BYTES) NOT NULL,                -- immutable: what the check-in answers with
    opened_at BIGINT NOT NULL,              -- immutable
    seat_limit INTEGER NOT NULL,            -- immutable: over-selected
    roster_goal INTEGER NOT NULL,           -- immutable
    state TEXT NOT NULL,                    -- mutable: RoundState up to aggregating, or abandoned
    version BIGINT NOT NULL,                -- mutable
    deadline BIGINT NOT NULL,               -- mutable: of the present stage
    seats INTEGER NOT NULL,                 -- mutable: seats given
    reason TEXT,                            -- mutable: why it was abandoned
    sum $(BYTES),                           -- mutable: the sum's words, little-endian, from aggregating on; null once the round ended
    contributors INTEGER NOT NULL           -- mutable: devices in the sum
);
CREATE INDEX cohort_by_round ON cohort (round_id);
CREATE INDEX cohort_by_state ON cohort (state);

-- When each stage of a cohort was closed, so that the protocol's server can be rebuilt by replay.
CREATE TABLE stage_closing (
    cohort TEXT NOT NULL REFERENCES cohort(id),
    stage TEXT NOT NULL,                    -- immutable: the RoundState that was closed
    closed_at BIGINT NOT NULL,              -- immutable
    PRIMARY KEY (cohort, stage)
);

-- A device's seat in a round.
CREATE TABLE participation (
    round_id TEXT NOT NULL REFERENCES round(id),
    device TEXT NOT NULL,                   -- immutable: the device id, hexadecimal
    cohort TEXT NOT NULL REFERENCES cohort(id),
    rank INTEGER NOT NULL,                  -- immutable: the rank that it trains; 0 if the adapter is no LoRA
    state TEXT NOT NULL,                    -- mutable: ParticipationState, as far as it came
    dropped TEXT,                           -- mutable: DropReason once it dropped out; null while it takes part
    contributes INTEGER NOT NULL,           -- mutable: 1 if its report is in the cohort's sum
    seated_at BIGINT NOT NULL,              -- immutable
    changed_at BIGINT NOT NULL,             -- mutable
    PRIMARY KEY (round_id, device)
);
CREATE INDEX participation_by_cohort ON participation (cohort, state);

-- The last time a device had a seat in a task, for the separation between participations.
CREATE TABLE last_seat (
    task TEXT NOT NULL,
    device TEXT NOT NULL,
    seated_at BIGINT NOT NULL,              -- mutable
    PRIMARY KEY (task, device)
);

-- Signed actions that were carried out, for idempotency and against replays; rows are deleted some time after they expire.
CREATE TABLE request (
    device TEXT NOT NULL,
    request_key TEXT NOT NULL,
    digest $(BYTES) NOT NULL,               -- immutable: SHA-256 of method, target and body
    signature_digest $(BYTES) NOT NULL,     -- mutable: SHA-256 of the signature that was accepted last
    status INTEGER NOT NULL,                -- immutable
    body $(BYTES) NOT NULL,                 -- immutable: the response
    expires_at BIGINT NOT NULL,             -- immutable
    PRIMARY KEY (device, request_key)
);
CREATE INDEX request_by_expiry ON request (expires_at);

-- A released global adapter.
CREATE TABLE adapter_release (
    task TEXT NOT NULL REFERENCES task(name),
    number INTEGER NOT NULL,                -- immutable: from 1
    round_id TEXT NOT NULL,                 -- immutable: the round that made it
    envelope $(BYTES) NOT NULL,             -- immutable: the signed manifest
    vector $(BYTES) NOT NULL,               -- immutable: VectorEncoding
    optimizer $(BYTES) NOT NULL,            -- immutable: the server optimizer's state after it
    state TEXT NOT NULL,                    -- mutable: ReleaseState
    loss DOUBLE PRECISION,                  -- immutable
    accuracy DOUBLE PRECISION,              -- immutable
    epsilon DOUBLE PRECISION,               -- immutable: spent up to it, the better bound
    created_at BIGINT NOT NULL,             -- immutable
    canary_until BIGINT,                    -- immutable: null without a canary
    PRIMARY KEY (task, number)
);

-- Randomized verdicts of canary devices.
CREATE TABLE verdict (
    task TEXT NOT NULL,
    number INTEGER NOT NULL,
    device TEXT NOT NULL,
    worse INTEGER NOT NULL,                 -- immutable: 0 or 1
    PRIMARY KEY (task, number, device)
);

-- History: one row for every change of state, written in the transaction that makes it.
CREATE TABLE state_history (
    id $(IDENTITY),
    kind TEXT NOT NULL,                     -- immutable: task, round, cohort or release
    subject TEXT NOT NULL,                  -- immutable: its id
    from_state TEXT,                        -- immutable: null at its creation
    to_state TEXT NOT NULL,                 -- immutable
    reason TEXT,                            -- immutable
    node TEXT NOT NULL,                     -- immutable: the node that made the change
    changed_at BIGINT NOT NULL              -- immutable
);
CREATE INDEX state_history_by_subject ON state_history (kind, subject);

-- The event log of the dashboard: nothing about a single device.
CREATE TABLE event (
    id $(IDENTITY),
    occurred_at BIGINT NOT NULL,            -- immutable
    task TEXT NOT NULL,                     -- immutable
    kind TEXT NOT NULL,                     -- immutable
    text TEXT NOT NULL                      -- immutable
);

-- The enrolment authority's register: which keys an attested name has enrolled. Names are digests, see the attestation verifiers.

CREATE TABLE enrolment_name (
    name TEXT NOT NULL PRIMARY KEY,         -- immutable
    keys INTEGER NOT NULL                   -- mutable: enrolled keys
);

CREATE TABLE enrolment (
    name TEXT NOT NULL REFERENCES enrolment_name(name),
    device TEXT NOT NULL,                   -- immutable: the device id, hexadecimal
    enrolled_at BIGINT NOT NULL,            -- immutable
    PRIMARY KEY (name, device)
);

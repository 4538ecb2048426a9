-- 0027 (compatible with 0001+): Versions of the protocol are kept.

-- Versions of the protocol: facts that people are told, and the sealed files that said them.
CREATE TABLE protocols (
    number integer PRIMARY KEY,
    digest text NOT NULL,
    at timestamptz NOT NULL,
    facts text NOT NULL,
    back_to integer,
    files bytea NOT NULL
);
CREATE INDEX protocols_by_time ON protocols (at);

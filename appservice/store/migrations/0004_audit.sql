-- 0004 (compatible with 0001+): Who did what when: a hash chain and its signed checkpoints.

-- An act may be forgotten (`act` and `salt` set to null): the chain holds by its commitment.
CREATE TABLE audit_entries (
    number bigint PRIMARY KEY CHECK (number > 0),
    at timestamptz,
    actor text,
    verb text,
    subject text,
    codes text[],
    salt text,
    commitment text NOT NULL,
    previous text NOT NULL,
    hash text NOT NULL,
    CONSTRAINT an_act_is_whole_or_forgotten CHECK (
        num_nulls(at, actor, verb, subject, codes, salt) IN (0, 6)
    )
);
CREATE UNIQUE INDEX audit_entries_follow ON audit_entries (previous);
CREATE INDEX audit_entries_by_subject ON audit_entries (subject, number);

CREATE TABLE audit_checkpoints (
    number bigint PRIMARY KEY REFERENCES audit_entries (number),
    hash text NOT NULL,
    at timestamptz NOT NULL,
    seal text NOT NULL
);

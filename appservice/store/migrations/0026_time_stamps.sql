-- 0026 (compatible with 0001+): Signed records may be time-stamped by an authority.

-- Time-stamps (RFC 3161) that were asked for; `sealed` holds the authority's answer.
CREATE TABLE time_stamps (
    signature bigint PRIMARY KEY REFERENCES signatures (number),
    asked_at timestamptz NOT NULL,
    next_at timestamptz NOT NULL,
    tries integer NOT NULL DEFAULT 0,
    code text NOT NULL DEFAULT '',
    stamped_at timestamptz,
    authority text NOT NULL DEFAULT '',
    sealed bytea,
    CONSTRAINT a_token_has_its_time CHECK ((sealed IS NULL) = (stamped_at IS NULL))
);
CREATE INDEX time_stamps_awaited ON time_stamps (next_at) WHERE sealed IS NULL;

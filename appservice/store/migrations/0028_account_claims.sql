-- 0028 (compatible with 0001+): Accounts that people say are theirs, and ours that must be closed.

-- `digest` is that of the page of first steps; the code that proves it is made from its token.
CREATE TABLE account_claims (
    digest bytea PRIMARY KEY REFERENCES arrivals (digest) ON DELETE CASCADE,
    account text NOT NULL,
    asked_at timestamptz NOT NULL,
    is_over boolean NOT NULL
);
CREATE INDEX account_claims_by_time ON account_claims (asked_at);

-- Made by us, nobody's any more: the homeserver is still to be told. The name says nothing.
CREATE TABLE account_closings (
    account text PRIMARY KEY,
    asked_at timestamptz NOT NULL
);

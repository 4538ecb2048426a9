-- 0025 (compatible with 0001+): Pages that lead somebody who has signed to their first message.

-- The digest of the page's token, never itself. The password of the account that it opens is made
-- from that token each time: nothing here leads to it. `account` names nobody (m48213077).
CREATE TABLE arrivals (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest bytea NOT NULL,
    member text NOT NULL,
    made_by text NOT NULL,
    made_at timestamptz NOT NULL,
    until timestamptz NOT NULL,
    resets boolean NOT NULL,
    account text,
    given_at timestamptz,
    revoked_at timestamptz,
    CONSTRAINT a_password_is_of_an_account CHECK (given_at IS NULL OR account IS NOT NULL)
);
CREATE UNIQUE INDEX arrivals_by_digest ON arrivals (digest);
CREATE INDEX arrivals_by_member ON arrivals (member, number DESC);

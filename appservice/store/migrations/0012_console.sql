-- 0012 (compatible with 0001+): Who signs in to the console, and with what.

-- Who may sign in to the console. `sealed` holds login, name, password hash and code secret; it
-- opens with the member's key or, for who is not in the register, with that of `account:<id>`.
CREATE TABLE console_accounts (
    id text PRIMARY KEY,
    login_index bytea NOT NULL,
    member text,
    position text NOT NULL,
    territory text NOT NULL,
    sealed bytea NOT NULL,
    credential bytea,
    last_step bigint NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX console_accounts_by_login ON console_accounts (login_index);
CREATE UNIQUE INDEX console_accounts_by_member ON console_accounts (member);

-- Links that work once; the digest of each, never itself.
CREATE TABLE console_invitations (
    digest bytea PRIMARY KEY,
    account text NOT NULL REFERENCES console_accounts ON DELETE CASCADE,
    sealed bytea NOT NULL,
    until timestamptz NOT NULL
);
CREATE INDEX console_invitations_by_account ON console_invitations (account);

CREATE TABLE console_sessions (
    digest bytea PRIMARY KEY,
    account text NOT NULL REFERENCES console_accounts ON DELETE CASCADE,
    since timestamptz NOT NULL,
    seen timestamptz NOT NULL,
    confirmed timestamptz NOT NULL
);
CREATE INDEX console_sessions_by_account ON console_sessions (account);

-- What was tried of late, by HMAC of its name.
CREATE TABLE console_attempts (
    name_index bytea PRIMARY KEY,
    first_at timestamptz NOT NULL,
    tries integer NOT NULL
);

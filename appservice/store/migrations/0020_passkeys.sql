-- 0020 (compatible with 0001+): What a device proves itself with at the console's door.

-- `sealed` holds the key's id, its public half and the name that its owner gave it.
CREATE TABLE console_passkeys (
    id_index bytea PRIMARY KEY,
    account text NOT NULL REFERENCES console_accounts ON DELETE CASCADE,
    sealed bytea NOT NULL,
    signatures bigint NOT NULL,
    added_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX console_passkeys_by_account ON console_passkeys (account);

-- 0019 (compatible with 0001+): Whom an organisation means when it vouches for an account.

-- HMAC of the issuer and of its subject, which never becomes somebody else's.
CREATE TABLE console_subjects (
    account text PRIMARY KEY REFERENCES console_accounts ON DELETE CASCADE,
    subject_index bytea NOT NULL
);
CREATE UNIQUE INDEX console_subjects_by_index ON console_subjects (subject_index);

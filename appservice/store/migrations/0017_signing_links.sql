-- 0017 (compatible with 0001+): Links to sign by, the texts that were signed, and by whose hand.

-- A charter is signed by a link that works once. The digest of its token, never itself; a code's
-- digest is keyed by that token, so that nobody can try a million codes here.
CREATE TABLE signing_links (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest bytea NOT NULL,
    member text NOT NULL,
    made_by text NOT NULL,
    made_at timestamptz NOT NULL,
    until timestamptz NOT NULL,
    readmits boolean NOT NULL,
    handed boolean NOT NULL,
    code bytea,
    code_until timestamptz,
    tries integer NOT NULL,
    sent integer NOT NULL,
    sent_at timestamptz,
    used_at timestamptz,
    revoked_at timestamptz,
    CONSTRAINT a_code_ends CHECK ((code IS NULL) = (code_until IS NULL)),
    CONSTRAINT used_or_revoked CHECK (used_at IS NULL OR revoked_at IS NULL)
);
CREATE UNIQUE INDEX signing_links_by_digest ON signing_links (digest);
CREATE INDEX signing_links_by_member ON signing_links (member, number DESC);

-- Public texts, kept to the byte for as long as somebody signed them.
CREATE TABLE signed_texts (
    text_hash text PRIMARY KEY,
    charter text NOT NULL,
    version text NOT NULL,
    title text NOT NULL,
    body text NOT NULL,
    valid_for interval NOT NULL
);

-- `sealed` holds what was gathered from whoever signed, under their key; `evidence` is its hash.
ALTER TABLE signatures ADD COLUMN evidence text NOT NULL DEFAULT '', ADD COLUMN sealed bytea;

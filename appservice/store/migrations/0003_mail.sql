-- 0003 (compatible with 0001+): What comes in (journal) and what goes out (parcels).

-- Keys of inbound messages may hold an ACI or a number, so only their HMAC is kept.
CREATE TABLE journal (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text NOT NULL,
    key_index bytea NOT NULL,
    owner text NOT NULL,
    sealed bytea,
    written_at timestamptz NOT NULL,
    done_at timestamptz,
    CONSTRAINT done_is_emptied CHECK (done_at IS NULL OR sealed IS NULL)
);
CREATE UNIQUE INDEX journal_by_key ON journal (source, key_index);
CREATE INDEX journal_waiting ON journal (source, id) WHERE done_at IS NULL;
CREATE INDEX journal_by_owner ON journal (owner) WHERE done_at IS NULL;

CREATE TABLE handled (
    channel text NOT NULL,
    key_index bytea NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (channel, key_index)
);

-- What a parcel says; it never changes. `sealed` holds key, target, body, html and the key of the
-- parcel acted on.
CREATE TABLE parcels (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key_index bytea NOT NULL,
    kind text NOT NULL,
    to_group boolean NOT NULL,
    notice boolean NOT NULL,
    said_urgent boolean NOT NULL,
    alert bigint,
    report bigint,
    member text,
    event text,
    blobs bigint[] NOT NULL,
    replaces_index bytea,
    owner text NOT NULL,
    sealed bytea NOT NULL,
    put_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX parcels_by_key ON parcels (key_index);
CREATE INDEX parcels_by_alert ON parcels (alert, id) WHERE alert IS NOT NULL;

-- Where it stands; narrow, since each step writes it anew. `conversation` is a room or group id in
-- clear, or the HMAC of a number or ACI.
CREATE TABLE deliveries (
    id bigint PRIMARY KEY REFERENCES parcels (id) ON DELETE CASCADE,
    channel text NOT NULL,
    conversation text NOT NULL,
    urgency smallint NOT NULL CHECK (urgency IN (0, 1)),
    state text NOT NULL DEFAULT 'queued' CHECK (state IN
        ('queued', 'submitting', 'accepted', 'delivered', 'failed', 'expired', 'unknown')),
    expires_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    retry_at timestamptz,
    token text,
    lease_until timestamptz,
    provider_id text,
    provider_index bytea,
    settled_at timestamptz,
    code text NOT NULL DEFAULT '',
    detail text NOT NULL DEFAULT '',
    CONSTRAINT lease_while_submitting CHECK ((state = 'submitting') = (lease_until IS NOT NULL)),
    CONSTRAINT token_while_submitting CHECK (state <> 'submitting' OR token IS NOT NULL)
);
CREATE INDEX deliveries_by_provider ON deliveries (channel, provider_index)
    WHERE provider_index IS NOT NULL;
-- The queue: what leaves next on a channel, and what leaves next in a conversation.
CREATE INDEX deliveries_next ON deliveries (channel, urgency, id) WHERE state = 'queued';
CREATE INDEX deliveries_next_said ON deliveries (channel, conversation, urgency, id)
    WHERE state = 'queued';
CREATE INDEX deliveries_ending ON deliveries (channel, expires_at)
    WHERE state = 'queued' AND expires_at IS NOT NULL;
-- The promise that a conversation has one parcel in flight, kept by the database itself.
CREATE UNIQUE INDEX deliveries_in_flight ON deliveries (channel, conversation)
    WHERE state = 'submitting';

-- Receipts as they came; `matched` once they have found their parcel.
CREATE TABLE receipts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    channel text NOT NULL,
    message_index bytea NOT NULL,
    recipient_index bytea NOT NULL,
    state text NOT NULL,
    code text NOT NULL,
    at timestamptz NOT NULL,
    matched boolean NOT NULL DEFAULT FALSE
);
CREATE UNIQUE INDEX receipts_once ON receipts (channel, message_index, recipient_index, state);
CREATE INDEX receipts_early ON receipts (channel, at) WHERE NOT matched;

-- Which inbound message became which parcel. Both names are sealed, and found by their HMAC.
CREATE TABLE links (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source_index bytea NOT NULL,
    parcel_index bytea NOT NULL,
    owner text NOT NULL,
    sealed bytea NOT NULL
);
CREATE UNIQUE INDEX links_once ON links (source_index, parcel_index);
CREATE INDEX links_by_parcel ON links (parcel_index, id);

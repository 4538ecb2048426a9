-- The whole schema as it stands after every migration: read this one; a test compares them.

-- Which migrations were applied; `compatible` is the oldest code that can live with each.
CREATE TABLE migrations (
    version integer PRIMARY KEY,
    name text NOT NULL,
    checksum text NOT NULL,
    compatible integer NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);

-- Members, their signatures, our rooms, and the keys that seal.

-- A key per owner (a member, `case:A12`, `journal:2026-11-21`), wrapped by the master key.
-- Deleting the row erases everything that it sealed.
CREATE TABLE data_keys (
    owner text PRIMARY KEY,
    master text NOT NULL,
    wrapped bytea NOT NULL,
    made_at timestamptz NOT NULL
);
CREATE INDEX data_keys_by_master ON data_keys (master);

-- `sealed` holds name, shop, phone number and ACI; the two indexes are HMACs of the last two, and
-- `words` those of the beginnings of names and shops, `likeness` those of what tells a shop that is
-- there already (both null: not yet known).
CREATE TABLE members (
    id text PRIMARY KEY,
    role text NOT NULL,
    territory text NOT NULL,
    trades text[] NOT NULL,
    commune text NOT NULL,
    zones text[] NOT NULL,
    channels text[] NOT NULL,
    language text NOT NULL,
    mxid text,
    phone_index bytea,
    signal_index bytea,
    sealed bytea NOT NULL,
    saved_at timestamptz NOT NULL,
    sms_fallback boolean NOT NULL DEFAULT FALSE,
    words integer[],
    likeness bigint[],
    trained_on date
);
CREATE UNIQUE INDEX members_by_mxid ON members (mxid);
CREATE UNIQUE INDEX members_by_phone ON members (phone_index);
CREATE UNIQUE INDEX members_by_signal ON members (signal_index);
CREATE INDEX members_by_territory ON members (territory);
CREATE INDEX members_by_likeness ON members USING gin (likeness);

-- Nothing is overwritten but `revoked_at`, once. Kept when the member is erased: it is the proof.
CREATE TABLE signatures (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    member text NOT NULL,
    charter text NOT NULL,
    version text NOT NULL,
    text_hash text NOT NULL,
    signed_at timestamptz NOT NULL,
    valid_until timestamptz NOT NULL,
    seal text NOT NULL,
    revoked_at timestamptz,
    -- What was gathered from whoever signed, under their key, and its hash.
    evidence text NOT NULL DEFAULT '',
    sealed bytea
);
CREATE INDEX signatures_by_member ON signatures (member, number DESC);

CREATE TABLE rooms (
    key text PRIMARY KEY,
    kind text NOT NULL,
    zone text NOT NULL,
    territory text NOT NULL,
    trade text,
    member text,
    room_id text NOT NULL,
    signal_group text
);
CREATE UNIQUE INDEX rooms_by_room_id ON rooms (room_id);
CREATE UNIQUE INDEX rooms_by_signal_group ON rooms (signal_group);

-- Alerts and reports by stage, and their photos.

-- Each stage has its columns, filled at that stage and only then.
CREATE TABLE alerts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    author text NOT NULL,
    territory text NOT NULL,
    zone text NOT NULL,
    trades text[] NOT NULL,
    sealed bytea NOT NULL,
    submitted_at timestamptz NOT NULL,
    policy_hash text NOT NULL,
    stage text NOT NULL CHECK (stage IN ('held', 'turned', 'published', 'cancelled')),
    rules text[],
    decided_by text,
    decided_at timestamptz,
    sealed_reason bytea,
    approved_by text,
    revision integer CHECK (revision > 0),
    urgent boolean NOT NULL DEFAULT FALSE, -- its texts leave in quiet hours too
    CONSTRAINT held_has_rules CHECK ((stage = 'held') = (rules IS NOT NULL)),
    CONSTRAINT held_is_undecided CHECK ((stage = 'held') = (decided_at IS NULL)),
    CONSTRAINT no_is_somebodys CHECK ((stage IN ('turned', 'cancelled')) = (decided_by IS NOT NULL)),
    CONSTRAINT turned_has_reason CHECK ((stage = 'turned') = (sealed_reason IS NOT NULL)),
    CONSTRAINT published_has_approval CHECK (stage = 'published' OR approved_by IS NULL),
    CONSTRAINT sent_has_revision CHECK ((stage IN ('published', 'cancelled')) = (revision IS NOT NULL))
);
CREATE INDEX alerts_by_time ON alerts (submitted_at);

CREATE TABLE reports (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    author text NOT NULL,
    territory text NOT NULL,
    channel text NOT NULL,
    sealed bytea NOT NULL,
    received_at timestamptz NOT NULL,
    emergency boolean NOT NULL,
    blobs bigint[] NOT NULL,
    stage text NOT NULL CHECK (stage IN ('received', 'taken', 'cleared', 'closed')),
    stage_by text,
    taken_at timestamptz,
    cleared_at timestamptz,
    founded boolean,
    closed_at timestamptz,
    leader bigint, -- the first report of the same event, if this one came after it
    first_taken_at timestamptz, -- before it was ever reopened
    first_cleared_at timestamptz,
    CONSTRAINT nobody_follows_themself CHECK (leader <> id),
    CONSTRAINT received_is_nobodys CHECK ((stage = 'received') = (stage_by IS NULL)),
    CONSTRAINT taken_has_time CHECK (
        CASE stage WHEN 'received' THEN taken_at IS NULL
                   WHEN 'closed' THEN TRUE ELSE taken_at IS NOT NULL END
    ),
    CONSTRAINT cleared_has_time CHECK (
        CASE stage WHEN 'cleared' THEN cleared_at IS NOT NULL
                   WHEN 'closed' THEN cleared_at IS NULL OR taken_at IS NOT NULL
                   ELSE cleared_at IS NULL END
    ),
    CONSTRAINT cleared_says_founded CHECK ((cleared_at IS NULL) = (founded IS NULL)),
    CONSTRAINT closed_has_time CHECK ((stage = 'closed') = (closed_at IS NOT NULL))
);
CREATE INDEX reports_by_author ON reports (author, id DESC) WHERE stage <> 'closed';
CREATE INDEX reports_closed ON reports (author, closed_at DESC) WHERE closed_at IS NOT NULL;
CREATE INDEX reports_by_leader ON reports (leader, id) WHERE leader IS NOT NULL;

CREATE TABLE blobs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner text NOT NULL,
    content_type text NOT NULL,
    sealed_name bytea NOT NULL,
    sealed bytea NOT NULL,
    until timestamptz NOT NULL
);
CREATE INDEX blobs_by_owner ON blobs (owner);
CREATE INDEX blobs_by_end ON blobs (until);

-- What comes in (journal) and what goes out (parcels).

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
-- clear, or the HMAC of a number or ACI. A lane is an alert, or 0 for all the rest; `turn` says when a
-- parcel leaves among the lanes. `as_sent` is the text that left, when it is not the parcel's own.
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
    lane bigint NOT NULL DEFAULT 0,
    turn bigint NOT NULL DEFAULT 0,
    as_sent bytea,
    CONSTRAINT lease_while_submitting CHECK ((state = 'submitting') = (lease_until IS NOT NULL)),
    CONSTRAINT token_while_submitting CHECK (state <> 'submitting' OR token IS NOT NULL)
);
CREATE INDEX deliveries_by_provider ON deliveries (channel, provider_index)
    WHERE provider_index IS NOT NULL;
-- The queue: what leaves next on a channel, and what leaves next in a conversation. Who asks for a
-- conversation's head doesn't say `urgency >= 0`: without statistics the wrong index looks as good.
CREATE INDEX deliveries_next ON deliveries (channel, urgency, turn, id)
    WHERE state = 'queued' AND urgency >= 0 AND retry_at IS NULL;
CREATE INDEX deliveries_lanes ON deliveries (channel, urgency, lane, turn) WHERE state = 'queued';
CREATE INDEX deliveries_waiting ON deliveries (channel, retry_at)
    WHERE state = 'queued' AND retry_at IS NOT NULL;
CREATE INDEX deliveries_next_said ON deliveries (channel, conversation, urgency, id)
    WHERE state = 'queued';
CREATE INDEX deliveries_ending ON deliveries (channel, expires_at)
    WHERE state = 'queued' AND expires_at IS NOT NULL;
-- Texts that an operator took and has not reported on.
CREATE INDEX deliveries_unreported ON deliveries (settled_at)
    WHERE channel = 'sms' AND state = 'accepted';
-- The promise that a conversation has one parcel in flight, kept by the database itself.
CREATE UNIQUE INDEX deliveries_in_flight ON deliveries (channel, conversation)
    WHERE state = 'submitting';
CREATE INDEX deliveries_unknown ON deliveries (settled_at) WHERE state = 'unknown';

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

-- Who did what when: a hash chain and its signed checkpoints.

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
    territory text NOT NULL DEFAULT '', -- whose auditor may read it
    CONSTRAINT an_act_is_whole_or_forgotten CHECK (
        num_nulls(at, actor, verb, subject, codes, salt) IN (0, 6)
    )
);
CREATE UNIQUE INDEX audit_entries_follow ON audit_entries (previous);
CREATE INDEX audit_entries_by_subject ON audit_entries (subject, number);
CREATE INDEX audit_entries_by_territory ON audit_entries (territory, number);

CREATE TABLE audit_checkpoints (
    number bigint PRIMARY KEY REFERENCES audit_entries (number),
    hash text NOT NULL,
    at timestamptz NOT NULL,
    seal text NOT NULL
);

-- What telephones agreed to.

-- The number is an HMAC, the same as in `members.phone_index`; `sealed` holds the answer's words
-- under the key of the member who gave it. A stranger's STOP has neither member nor words.
CREATE TABLE consents (
    number_index bytea PRIMARY KEY,
    member text,
    stage text NOT NULL CHECK (stage IN ('asked', 'agreed', 'stopped')),
    at timestamptz NOT NULL,
    reminded_at timestamptz,
    sealed bytea,
    CONSTRAINT only_stop_is_a_strangers CHECK (member IS NOT NULL OR stage = 'stopped'),
    CONSTRAINT only_who_is_asked_is_reminded CHECK (reminded_at IS NULL OR stage = 'asked'),
    CONSTRAINT words_are_a_members CHECK (sealed IS NULL OR member IS NOT NULL)
);
CREATE INDEX consents_waiting ON consents (at) WHERE stage = 'asked' AND reminded_at IS NULL;
CREATE INDEX consents_by_member ON consents (member);

-- Whom nobody knows, by HMAC, and when they were last answered.
CREATE TABLE strangers (
    channel text NOT NULL,
    sender_index bytea NOT NULL,
    answered_at timestamptz NOT NULL,
    PRIMARY KEY (channel, sender_index)
);
CREATE INDEX strangers_by_time ON strangers (answered_at);

-- On which report officers last wrote to its author.
CREATE TABLE threads (
    member text NOT NULL,
    report bigint NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
    asked_at timestamptz NOT NULL,
    PRIMARY KEY (member, report)
);

-- Who signs in to the console, and with what.

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

-- Public texts, kept to the byte for as long as somebody signed them.
CREATE TABLE signed_texts (
    text_hash text PRIMARY KEY,
    charter text NOT NULL,
    version text NOT NULL,
    title text NOT NULL,
    body text NOT NULL,
    valid_for interval NOT NULL
);

-- HMAC of the issuer and of its subject, which never becomes somebody else's.
CREATE TABLE console_subjects (
    account text PRIMARY KEY REFERENCES console_accounts ON DELETE CASCADE,
    subject_index bytea NOT NULL
);
CREATE UNIQUE INDEX console_subjects_by_index ON console_subjects (subject_index);

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

-- Sheets of merchants under way: what a look found, and their lines by the hundred, sealed under a
-- key of their own that goes after a day.
CREATE TABLE sheets (
    id text PRIMARY KEY,
    territory text NOT NULL,
    given_by text NOT NULL,
    given_at timestamptz NOT NULL,
    total integer NOT NULL,
    stage text NOT NULL
        CHECK (stage IN ('looking', 'to-mend', 'ready', 'enrolling', 'halted', 'enrolled')),
    done integer NOT NULL,
    known integer NOT NULL,
    sealed bytea NOT NULL
);
CREATE TABLE sheet_parts (
    sheet text NOT NULL REFERENCES sheets ON DELETE CASCADE,
    number integer NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (sheet, number)
);

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

-- Of each closing. A rating that outlives its case says of which month and territory it is, no more.
CREATE TABLE ratings (
    territory text NOT NULL,
    month date NOT NULL CHECK (extract(day FROM month) = 1),
    score smallint NOT NULL CHECK (score BETWEEN 1 AND 5),
    report bigint REFERENCES reports (id), -- emptied when its case is erased
    closed_at timestamptz,
    sealed bytea,
    CONSTRAINT one_a_closing UNIQUE (report, closed_at),
    CONSTRAINT erased_as_a_whole CHECK (
        (report IS NULL) = (closed_at IS NULL) AND (sealed IS NULL OR report IS NOT NULL)
    )
);
CREATE INDEX ratings_by_land ON ratings (territory, month);

-- 0001 (compatible with 0001+): Members, their signatures, our rooms, and the keys that seal.

-- A key per owner (a member, `case:A12`, `journal:2026-11-21`), wrapped by the master key.
-- Deleting the row erases everything that it sealed.
CREATE TABLE data_keys (
    owner text PRIMARY KEY,
    master text NOT NULL,
    wrapped bytea NOT NULL,
    made_at timestamptz NOT NULL
);
CREATE INDEX data_keys_by_master ON data_keys (master);

-- `sealed` holds name, shop, phone number and ACI; the two indexes are HMACs of the last two.
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
    saved_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX members_by_mxid ON members (mxid);
CREATE UNIQUE INDEX members_by_phone ON members (phone_index);
CREATE UNIQUE INDEX members_by_signal ON members (signal_index);
CREATE INDEX members_by_territory ON members (territory);

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
    revoked_at timestamptz
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

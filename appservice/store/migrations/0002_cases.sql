-- 0002 (compatible with 0001+): Alerts and reports by stage, and their photos.

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

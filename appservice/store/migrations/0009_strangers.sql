-- 0009 (compatible with 0001+): When somebody whom nobody knows was last answered.

CREATE TABLE strangers (
    channel text NOT NULL,
    sender_index bytea NOT NULL,
    answered_at timestamptz NOT NULL,
    PRIMARY KEY (channel, sender_index)
);
CREATE INDEX strangers_by_time ON strangers (answered_at);

-- 0010 (compatible with 0001+): On which report officers last wrote to its author.

CREATE TABLE threads (
    member text NOT NULL,
    report bigint NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
    asked_at timestamptz NOT NULL,
    PRIMARY KEY (member, report)
);

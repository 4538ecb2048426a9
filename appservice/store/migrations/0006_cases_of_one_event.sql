-- 0006 (compatible with 0001+): Reports of one event follow the first of them.

ALTER TABLE reports ADD COLUMN leader bigint,
    ADD CONSTRAINT nobody_follows_themself CHECK (leader <> id);
CREATE INDEX reports_by_leader ON reports (leader, id) WHERE leader IS NOT NULL;

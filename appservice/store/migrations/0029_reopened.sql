-- 0029 (compatible with 0001+): When a report that may be reopened was first taken, first cleared.

-- How long officers took is counted from these: closing and taking again must not shorten it.
ALTER TABLE reports ADD COLUMN first_taken_at timestamptz, ADD COLUMN first_cleared_at timestamptz;

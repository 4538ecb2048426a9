-- 0024 (compatible with 0001+): Sheets of merchants are kept while they are looked at and enrolled.

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

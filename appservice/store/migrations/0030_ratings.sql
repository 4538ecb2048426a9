-- 0030 (compatible with 0001+): How whoever reported rates each closing.

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
CREATE INDEX reports_closed ON reports (author, closed_at DESC) WHERE closed_at IS NOT NULL;

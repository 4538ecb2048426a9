-- 0008 (compatible with 0001+): Alerts whose texts leave in quiet hours too.

ALTER TABLE alerts ADD COLUMN urgent boolean NOT NULL DEFAULT FALSE;

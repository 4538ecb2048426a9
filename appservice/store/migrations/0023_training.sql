-- 0023 (compatible with 0001+): When somebody was trained.

ALTER TABLE members ADD COLUMN trained_on date;

-- 0015 (compatible with 0001+): Members are found by the beginnings of their names, still sealed.

ALTER TABLE members ADD COLUMN words integer[];

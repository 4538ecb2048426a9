-- 0022 (compatible with 0001+): A shop that is there already is found without opening the others.

ALTER TABLE members ADD COLUMN likeness bigint[];
CREATE INDEX members_by_likeness ON members USING gin (likeness);

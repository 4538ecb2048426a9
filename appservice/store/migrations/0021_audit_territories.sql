-- 0021 (compatible with 0001+): Each act says whose auditor may read it; older ones are nobody's.

ALTER TABLE audit_entries ADD COLUMN territory text NOT NULL DEFAULT '';
CREATE INDEX audit_entries_by_territory ON audit_entries (territory, number);

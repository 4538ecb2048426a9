-- 0018 (compatible with 0001+): The ledger keeps a text as it was sent.

-- Sealed like the parcel's words; NULL when they are what was sent.
ALTER TABLE deliveries ADD COLUMN as_sent bytea;

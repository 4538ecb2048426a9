-- 0011 (compatible with 0001+): Who agreed to an SMS when Signal fails.

ALTER TABLE members ADD COLUMN sms_fallback boolean NOT NULL DEFAULT FALSE;
